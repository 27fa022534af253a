"""For hosts: the nav item. For our pages: money and durations."""

import logging

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..access import may_read
from ..pages import formats

register = template.Library()
logger = logging.getLogger("org_analytics")


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
        format_html(' aria-current="{}"', "page") if is_current else "",
        _("Organization"),
    )


register.filter("money", formats.money)
register.filter("duration", formats.duration)
register.filter("count", formats.count)
register.filter("day", formats.day)
register.filter("moment", formats.moment)
