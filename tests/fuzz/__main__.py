"""`python -m tests.fuzz`: bad requests to every URL of the package, in the example project.

Nothing may answer 5xx, take more than a second, show a stack trace or a token, or log one; each 400 of the API names
its parameter. Exit code 1 if there is a finding.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .answers import findings, leaks_in_log
from .requests import Target, make_request
from .site import Site, served_example


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__, allow_abbrev=False)
    parser.add_argument("--requests", type=int, default=20_000, help="How many requests. Default: 20000.")
    parser.add_argument("--first", type=int, default=0, help="The number of the first request. Default: 0.")
    parser.add_argument("--seed", type=int, default=1, help="Another seed makes other requests. Default: 1.")
    options = parser.parse_args()
    # A terminated run stops its server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings_fuzz")
    import django

    django.setup()
    with tempfile.TemporaryDirectory(prefix="org-analytics-fuzz-") as name, served_example(Path(name)) as site:
        start = time.monotonic()
        numbers = range(options.first, options.first + options.requests)
        statuses, found = fuzz(site, numbers, options.seed)
        seconds = time.monotonic() - start
    print("\n".join(found[:50]))
    by_status = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    print(f"{options.requests:,} requests in {seconds:.0f} s, {len(found)} findings; by status {by_status}", flush=True)
    return 1 if found else 0


def fuzz(site: Site, numbers: range, seed: int) -> tuple[Counter[int], list[str]]:
    """Send the requests with these numbers; how often each status was the answer, and the findings."""
    target, statuses, found = our_urls(), Counter[int](), []
    for number in numbers:
        request = make_request(number, seed, site, target)
        status, wrong = findings(request, site)
        statuses[status] += 1
        found += [f"{number}: {what}: {request}" for what in wrong]
    return statuses, [*found, *(f"log: {line}" for line in leaks_in_log(site))]


def our_urls() -> Target:
    """Every URL of the package, and every parameter that one of them reads."""
    from org_analytics.api.filters import BreakdownFilters, SeriesFilters, SessionsFilters
    from org_analytics.pages.filters import BasePageForm
    from org_analytics.urls import urlpatterns

    paths = [f"/{pattern.pattern}" for pattern in urlpatterns]
    # The write API takes more than its place among the URLs: its body has the most to get wrong.
    names = [name for api in (SeriesFilters, BreakdownFilters, SessionsFilters) for name in api.base_filters]
    names += [name for form in BasePageForm.__subclasses__() for name in form.base_fields]
    names += ["format", "x"]
    return Target([*paths, "/api/v1/org/sessions", "/api/v1/org/sessions"], list(dict.fromkeys(names)))


if __name__ == "__main__":
    sys.exit(main())
