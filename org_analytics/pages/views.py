"""The organization page."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from ..reporting.reports import Report
from . import header, table
from .base import FiguresView
from .data import read_page
from .figures import Figures
from .state import OrganizationState


class OrganizationView(FiguresView[OrganizationState]):
    """The organization page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.wants_repositories:
            return self.repositories(self.state.selection)
        report, overview = read_page(self.state)
        context = {**self.figures_context(overview), **self._table_context(report)}
        return self.render("org_analytics/organization.html", context, status=400 if self.errors else 200)

    def _table_context(self, report: Report) -> dict[str, Any]:
        """Return one page of the table of people."""
        state = self.state
        rows = table.make_rows(report.people, state)
        page = Paginator(rows, table.PAGE_SIZE).get_page(state.page_number)
        largest = table.largest_value(rows, state)
        return {
            "has_nobody": bool(state.selection.person) and not report.people,
            "columns": table.make_columns(state),
            "total_cells": table.make_cells(Figures(report.totals), state, 0),
            "rows": [(row, table.make_cells(row.figures, state, largest)) for row in page],
            "summary": header.results_summary(report.totals, len(rows)),
            "page_obj": page,
            "page_label": table.page_label(page),
            "previous_page": state.query(p=str(page.number - 1) if page.number > 2 else ""),
            "next_page": state.query(p=str(page.number + 1)),
        }
