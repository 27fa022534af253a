"""The texts at the top of the page: which days it shows, and what the figures cover."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..reporting.groups import Grouping
from ..reporting.reports import Coverage
from ..reporting.usage import Usage
from .controls import PRESET_LABELS
from .formats import format_count, format_days, format_duration, format_moment
from .state import PageState

MAX_SILENT_LAG = timedelta(minutes=1)


def preset_label(state: PageState) -> str:
    """Return the name of the preset, empty where dates were given."""
    return str(PRESET_LABELS[state.preset]) if state.preset else ""


def period_label(state: PageState) -> str:
    """Return the name of the preset, else the days."""
    return preset_label(state) or format_days(state.selection.days)


def coverage_notes(
    coverage: Coverage, zone: ZoneInfo, *, is_zone_current: bool, replica_lag: timedelta | None
) -> list[str]:
    """Return how recent the data are, what the figures leave out, and whether they are slow to load."""
    if coverage.latest_session_at:
        notes = [_("Data up to %(moment)s") % {"moment": format_moment(coverage.latest_session_at, zone)}]
    else:
        notes = [_("No sessions counted")]
    counted = (
        (
            coverage.pending_sessions,
            ngettext(
                "%(shown)s session not analyzed yet",
                "%(shown)s sessions not analyzed yet",
                coverage.pending_sessions,
            ),
        ),
        (
            coverage.unpriced_sessions,
            ngettext("%(shown)s session unpriced", "%(shown)s sessions unpriced", coverage.unpriced_sessions),
        ),
        (
            coverage.inactive_user_sessions,
            ngettext(
                "%(shown)s session of people no longer active not counted",
                "%(shown)s sessions of people no longer active not counted",
                coverage.inactive_user_sessions,
            ),
        ),
    )
    notes += [text % {"shown": format_count(number)} for number, text in counted if number]
    if replica_lag and replica_lag > MAX_SILENT_LAG:
        lag = format_duration(replica_lag // timedelta(milliseconds=1))
        notes.append(_("The replica that is read is %(lag)s behind") % {"lag": lag})
    if not is_zone_current:
        notes.append(
            _(
                "The reporting time zone has changed. Figures are correct but may load slowly until an administrator "
                "runs rebuild_daily_usage."
            )
        )
    return notes


def active_note(active: int) -> str:
    """Return how many of the people had a session."""
    return ngettext("%(shown)s active", "%(shown)s active", active) % {"shown": format_count(active)}


def results_summary(totals: Usage, grouping: Grouping, rows: int) -> str:
    """Return the announcement of new results for screen readers."""
    sessions = totals.session_count
    counted_sessions = ngettext("%(shown)s session", "%(shown)s sessions", sessions)
    if grouping is Grouping.PERSON:
        counted_rows = ngettext("%(shown)s person shown", "%(shown)s people shown", rows)
    else:
        counted_rows = ngettext("%(shown)s row shown", "%(shown)s rows shown", rows)
    return f"{counted_sessions % {'shown': format_count(sessions)}}, {counted_rows % {'shown': format_count(rows)}}"
