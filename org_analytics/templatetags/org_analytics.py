"""For hosts: the nav item. For our pages: money and durations."""

import logging
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..fields import round_cents
from ..gates import may_read

register = template.Library()
logger = logging.getLogger("org_analytics")

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@register.simple_tag(takes_context=True)
def org_analytics_nav(context: template.Context, css_class: str = "") -> SafeString | str:
    """A link to the page for whoever may read; nothing for others, while off, or without a request."""
    request = context.get("request")
    try:
        if not may_read(request):
            return ""
        url = reverse("org_analytics:organization")
    except Exception:
        # A navigation bar is on every page of a host: none of them may fail because of us.
        logger.exception("The Organization nav item could not be rendered.")
        return ""
    is_current = getattr(request, "path", "").rstrip("/") == url.rstrip("/")
    return format_html(
        '<a href="{}"{}{}>{}</a>',
        url,
        format_html(' class="{}"', css_class) if css_class else "",
        format_html(' aria-current="page"') if is_current else "",
        _("Organization"),
    )


@register.filter
def money(amount: Decimal | None) -> str:
    """`$1,234.50` in the reader's locale; above zero but under a cent `<$0.01`."""
    if amount is None:
        return "–"
    if 0 < amount < Decimal("0.01"):
        return "<" + _dollars(Decimal("0.01"))
    return _dollars(round_cents(amount))


@register.filter
def duration(milliseconds: int | None) -> str:
    """Rounded to the second, two units at most (`1d 2h`, `1m 30s`); a dash for none."""
    if milliseconds is None:
        return "–"
    seconds = (milliseconds + 500) // 1000
    parts = []
    for place, (unit, size) in enumerate(_UNITS):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append((place, f"{count}{unit}"))
    shown = [text for place, text in parts if place - parts[0][0] < 2]
    return " ".join(shown) or "0s"


def _dollars(amount: Decimal) -> str:
    # Translators: an amount of US dollars; German puts the sign behind: %(amount)s $
    return _("$%(amount)s") % {"amount": number_format(amount, decimal_pos=2, use_l10n=True, force_grouping=True)}


@register.simple_tag
def query(base: Any, **changes: Any) -> str:
    """The current query string with some parameters changed; None removes one."""
    data = base.copy()
    for name, value in changes.items():
        data.pop(name, None)
        if value is not None:
            data[name] = value
    return f"?{data.urlencode()}"
