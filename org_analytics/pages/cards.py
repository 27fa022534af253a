"""The cards: the totals, each with its change since the previous period."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from ..periods import Days
from ..reporting.usage import Usage
from .figures import LABELS, Figures
from .formats import format_days, format_percent

CARD_FIGURES = ("sessions", "cost", "duration", "assistant", "user_time")


@dataclass(frozen=True, slots=True)
class Change:
    """A change since the previous period; `direction` is more, less, same or new.

    `words` says in words what `arrow` shows, for screen readers.
    """

    text: str
    direction: str
    arrow: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One total."""

    name: str
    label: str
    text: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class Cards:
    """All cards, and the sentence below them.

    Where every card would say "new", or every card "no change", only the sentence says it.
    """

    items: list[Card]
    has_changes: bool
    note: str


def make_cards(totals: Usage, previous: Usage, previous_days: Days, is_unfinished: bool) -> Cards:
    """Return the cards; `is_unfinished`: the previous period ends at the same time of day as this one."""
    now, then = Figures(totals), Figures(previous)
    items = [
        Card(name, str(LABELS[name]), now.format(name), find_change(now.total(name), then.total(name)))
        for name in CARD_FIGURES
    ]
    directions = {item.change.direction for item in items if item.change}
    is_uniform = directions in ({"new"}, {"same"})
    days = format_days(previous_days)
    if is_uniform and not previous.session_count:
        note = _("There were no sessions in the previous period, %(days)s.")
    elif is_uniform:
        note = _("No change since the previous period, %(days)s.")
    elif is_unfinished:
        note = _("Compared with the previous period, %(days)s, up to the same time of day.")
    else:
        note = _("Compared with the previous period, %(days)s.")
    return Cards(items, not is_uniform, note % {"days": days})


def find_change(now: Decimal | int | None, then: Decimal | int | None) -> Change | None:
    """Return the change from `then` to `now`, None where either is unknown."""
    if now is None or then is None:
        return None
    if now == then:
        return Change(_("no change"), "same")
    if not then:
        return Change(_("new"), "new")
    ratio = format_percent(abs(Decimal(now) - Decimal(then)) / Decimal(then))
    if now > then:
        return Change(ratio, "more", "↑", _("more than in the previous period"))
    return Change(ratio, "less", "↓", _("less than in the previous period"))
