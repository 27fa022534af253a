"""The organization page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ..logs import access_log
from ..logs.access_log import View
from ..reporting.groups import Grouping
from . import header, table
from .base import FiguresView
from .data import Overview, TableData, read_page
from .figures import Figures, ModelFigures
from .groupings import TEXTS, next_level
from .markup import line_html
from .sparkline import Sparkline, Sparklines, values_of
from .state import OrganizationState
from .table_controls import TableControls


class OrganizationView(FiguresView[OrganizationState]):
    """The organization page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.wants_repositories:
            return self.repositories(self.state.selection)
        data, overview = read_page(self.state)
        access_log.record(
            request.user,
            View.ORGANIZATION,
            selection=self.state.selection,
            people=table.about_people(data.rows),
            row_count=len(data.page),
        )
        total_line = self._total_line(overview)
        context = {
            **self.figures_context(overview),
            **self._people_context(data),
            **self._table_context(data),
            "total_line": total_line,
            "total_line_html": line_html(total_line),
        }
        return self.render("org_analytics/organization.html", context, status=400 if self.errors else 200)

    def _people_context(self, data: TableData) -> dict[str, Any]:
        """Return the controls that only this page has."""
        state = self.state
        search = self.raw_value("q") if "q" in self.errors else state.selection.person
        return {
            "table_controls": TableControls(state, sorted(data.team_names), data.chosen_members, search),
            "has_nobody": data.has_nobody,
            "own_url": reverse("org_analytics:me") + state.query_elsewhere(team=[], person=[]),
            "skip_target": "people",
            "skip_label": _("Skip to the table"),
        }

    def _table_context(self, data: TableData) -> dict[str, Any]:
        """Return one page of the table."""
        state, rows, page, lines = self.state, data.rows, data.page, data.lines or {}
        largest, address_of = table.largest_value(rows, state), next_level(state)
        return {
            "texts": TEXTS[state.grouping],
            "columns": table.make_columns(state),
            "total_cells": table.make_cells(self._totals(data), state, 0),
            "rows": [table.show_row(row, state, largest, address_of(row.key), lines.get(row.key)) for row in page],
            "has_lines": data.lines is not None,
            "column_count": len(state.columns) + (data.lines is not None),
            "has_groups": state.grouping is not Grouping.PERSON,
            "active_note": header.active_note(rows.active_count) if isinstance(rows, table.PersonRows) else "",
            "summary": header.results_summary(data.summary.totals, state.grouping, len(rows)),
            "page_obj": page,
            "page_label": table.page_label(page),
            "previous_page": state.query(p=str(page.number - 1) if page.number > 2 else ""),
            "next_page": state.query(p=str(page.number + 1)),
        }

    def _total_line(self, overview: Overview) -> Sparkline | None:
        """Return the line of everyone, from the numbers of the chart."""
        series, measure = overview.series, self.state.measure
        return Sparklines(measure, [bucket.day for bucket in series.buckets]).make(values_of(series, measure))

    def _totals(self, data: TableData) -> Figures:
        """Return the figures of everyone; by model with the sums of all rows, as no total has them."""
        totals = data.summary.totals
        if self.state.grouping is not Grouping.MODEL:
            return Figures(totals)
        return ModelFigures.of_all(totals, [row.figures for row in data.rows if isinstance(row.figures, ModelFigures)])
