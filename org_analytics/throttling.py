"""Rate limits of the package's views, per user. They come on top of the host's own throttle classes."""

import math
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import Throttled
from rest_framework.throttling import UserRateThrottle

from .conf import app_settings

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class OrgThrottle(UserRateThrottle):
    """Limits one user's reads or writes, over all views of the package together."""

    def __init__(self, kind: str, rates: Mapping[str, str]) -> None:
        self.scope = f"org_analytics_{kind}"
        self.rate = rates[kind]
        super().__init__()


def retry_after(error: Throttled) -> str:
    """The value of the Retry-After header: whole seconds, at least 1."""
    return str(max(1, math.ceil(getattr(error, "wait", None) or 1)))


def throttles_for(method: str | None) -> list[OrgThrottle]:
    """The rate limits of a request with this method; none while `ORG_ANALYTICS_THROTTLE_RATES` is None."""
    rates = app_settings.throttle_rates
    return [OrgThrottle("read" if method in _READS else "write", rates)] if rates else []


def check_throttles(request: Any, view: Any) -> None:
    """Count a request of a page. Raises DRF's Throttled, with the seconds to wait, over the limit."""
    for throttle in throttles_for(request.method):
        if not throttle.allow_request(request, view):
            raise Throttled(throttle.wait())
