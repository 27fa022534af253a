"""For a WSGI server: gunicorn example_project.wsgi."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

django_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 400 to a request that Django cannot read, instead of 500.

    Django reads the query string in the charset of Content-Type before any middleware runs. A charset such as `hex`, or
    too many parameters together with any charset, is an exception there, which only the server would catch.
    """
    try:
        return django_application(environ, start_response)
    except (LookupError, SuspiciousOperation, UnicodeError):
        start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Cache-Control", "no-store")])
        text = b"The request cannot be read: check the charset and the number of parameters.\n"
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]
