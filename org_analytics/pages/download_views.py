"""The organization page's downloads."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from ..logs import access_log
from ..logs.access_log import View
from ..reporting.reports import Summary
from .base import BasePageView
from .data import read_download
from .downloads import csv_lines, file_name, in_pieces, json_chunks, stream_async
from .state import OrganizationState
from .table import Row, about_people


class DownloadView(BasePageView[OrganizationState]):
    """The rows of a view as a file."""

    extension: str
    content_type: str

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.errors:
            text = "\n".join(f"{name}: {message}" for name, message in self.errors.items())
            return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
        summary, rows = read_download(self.state)
        access_log.record(
            request.user,
            View(self.extension),
            selection=self.state.selection,
            people=about_people(rows),
            row_count=len(rows),
        )
        chunks = in_pieces(self.chunks(rows, summary))
        name = file_name(self.state, self.extension)
        return StreamingHttpResponse(
            stream_async(chunks) if isinstance(request, ASGIRequest) else chunks,
            content_type=self.content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
        )

    def chunks(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        """Return the file in pieces."""
        raise NotImplementedError


class CsvView(DownloadView):
    """The rows as CSV."""

    extension = "csv"
    content_type = "text/csv; charset=utf-8"

    def chunks(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        return csv_lines(rows, self.state.grouping)


class JsonView(DownloadView):
    """The rows as JSON."""

    extension = "json"
    content_type = "application/json"

    def chunks(self, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
        return json_chunks(rows, summary.totals, self.state, timezone.now())
