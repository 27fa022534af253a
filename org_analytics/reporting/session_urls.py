"""The address of a session's page on the host's own site, as `ORG_ANALYTICS_SESSION_URL` returns it."""

import logging

from django.http import HttpRequest
from django.utils.encoding import iri_to_uri
from django.utils.functional import Promise

from ..conf import app_settings, is_plain_url
from ..models import CodingSession

logger = logging.getLogger("org_analytics")


def session_url(session: CodingSession, request: HttpRequest) -> str | None:
    """The address, or None if there is none or it cannot be shown, which is logged.

    Only the kind of a failure is logged: its text may contain the title.
    """
    try:
        url_of = app_settings.session_url_callable
        url = url_of(session, request) if url_of else None
        if url is None:
            return None
        text = iri_to_uri(url) if isinstance(url, str | Promise) else ""
    except Exception as error:
        logger.error("ORG_ANALYTICS_SESSION_URL failed with %s for session %s.", type(error).__name__, session.pk)
        return None
    if not is_plain_url(text):
        logger.error("ORG_ANALYTICS_SESSION_URL returned no http(s) URL and no path for session %s.", session.pk)
        return None
    return text
