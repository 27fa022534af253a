"""For hosts: the nav item and the filter bar. For our pages: the account links, and numbers and durations as text."""

import logging
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from ..access import may_read
from ..filters import SessionFilterSet
from ..pages import formats
from ..pages.frame import account_context
from ..pages.host_filters import filter_bar_context

register = template.Library()
logger = logging.getLogger("org_analytics")

_ACCOUNT_SHOWN = "org_analytics_account_shown"


@register.simple_tag(takes_context=True)
def org_analytics_nav(context: template.Context, css_class: str = "") -> SafeString | str:
    """Return a link to the page for users with access; nothing for others, while off, or without a request.

    A host overrides `org_analytics/includes/nav_item.html` to change it. Not an inclusion tag, because those cannot be
    stored in a variable (`{% org_analytics_nav as item %}`), and because an error of the template must not get out.
    """
    request: Any = context.get("request")
    try:
        if not may_read(request):
            return ""
        url = reverse("org_analytics:organization")
        is_current = request.path_info.strip("/") == url.removeprefix(get_script_prefix()).strip("/")
        item = {"url": url, "css_class": css_class, "is_current": is_current}
        # The template has escaped its values.
        return mark_safe(render_to_string("org_analytics/includes/nav_item.html", item).strip())  # noqa: S308
    except Exception:
        # A navigation bar is on every page of a host: none of them may fail because of us.
        logger.exception("The Organization nav item could not be rendered.")
        return ""


@register.simple_tag(takes_context=True)
def org_analytics_filters(context: template.Context, filters: SessionFilterSet) -> SafeString:
    """Return the filter bar of the organization page for a host's page that uses `SessionFilterSet`.

    The page includes `org_analytics/includes/styles.html` in its head. Each control is a link or a form that leads to
    the same page with other filters.
    """
    request: Any = context["request"]
    bar = filter_bar_context(filters, request.path)
    return mark_safe(render_to_string("org_analytics/includes/filter_bar.html", bar, request=request))  # noqa: S308


@register.simple_tag(takes_context=True)
def org_analytics_account(context: template.Context, css_class: str = "") -> SafeString | str:
    """Return the reader's name and links; nothing if the page has them already.

    The admin's base template has a block for them, other themes do not: our base template asks in both places.
    """
    shared: Any = context.render_context
    if shared.get(_ACCOUNT_SHOWN):
        return ""
    shared[_ACCOUNT_SHOWN] = True
    request: Any = context["request"]
    account = {**account_context(request), "css_class": css_class}
    # The template has escaped its values.
    return mark_safe(render_to_string("org_analytics/includes/account.html", account, request=request))  # noqa: S308


@register.filter
def isolate(text: object) -> SafeString:
    """Return text whose writing direction does not affect what is beside it."""
    return format_html("<bdi>{}</bdi>", text)


register.filter("money", formats.format_money)
register.filter("duration", formats.format_duration)
register.filter("count", formats.format_count)
register.filter("day", formats.format_day)
register.filter("moment", formats.format_moment)
