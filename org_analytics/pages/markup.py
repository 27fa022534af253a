"""The HTML of the parts that a page has hundreds of. In a template they take three times as long."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from .controls import Option
    from .sparkline import Sparkline
    from .table import Cell

_BAR = '<svg class="oa-share" width="100%%" height="3" aria-hidden="true"><rect width="%s%%" height="3"/></svg>'


def name_html(label: str, detail: str, note: str, url: str | None) -> SafeString:
    """Return the inside of a row's first cell: the name, which is a link if it leads anywhere, and a second line."""
    name = f'<bdi class="oa-name">{escape(label)}</bdi>'
    if url:
        title = f' title="{escape(note)}"' if note else ""
        name = f'<a href="{escape(url)}"{title}>{name}</a>'
    if detail:
        text = escape(detail)
        name += f' <bdi class="oa-email" title="{text}">{text}</bdi>'
    return mark_safe(name)  # noqa: S308 (escaped)


def cells_html(cells: Iterable["Cell"]) -> SafeString:
    """Return the cells of a row's numbers, in the sorted column with a bar."""
    return mark_safe("".join(map(_cell, cells)))  # noqa: S308 (escaped)


def _cell(cell: "Cell") -> str:
    return f'<td class="oa-number">{escape(cell.text)}{_BAR % cell.share if cell.share else ""}</td>'


def line_html(line: "Sparkline | None") -> SafeString:
    """Return the cell of a small line, empty where there is nothing to draw."""
    drawing = (
        f'<svg class="oa-line" role="img" aria-label="{escape(line.text)}" viewBox="0 0 {line.width} {line.height}" '
        f'preserveAspectRatio="none"><polyline points="{line.points}"/></svg>'
        if line
        else ""
    )
    return mark_safe(f'<td class="oa-trend">{drawing}</td>')  # noqa: S308 (escaped)


def options_html(options: Iterable["Option"]) -> SafeString:
    """Return the items of a list of repositories to choose from."""
    items = (
        f'<li><label class="oa-check"><input type="checkbox" name="repo" value="{escape(option.value)}" '
        f'id="repo-{place}"'
        f"{' checked' if option.is_on else ''}> <bdi>{escape(option.label)}</bdi></label></li>"
        for place, option in enumerate(options, 1)
    )
    return mark_safe("".join(items))  # noqa: S308 (escaped)
