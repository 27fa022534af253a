"""One writing process: `python -m tests.load.recorder SECONDS NAME`; prints the milliseconds of each batch as JSON."""

import json
import sys
import time

import django

from tests.load.rows import batch


def main(seconds: float, name: str) -> list[float]:
    django.setup()
    from django.contrib.auth import get_user_model

    from org_analytics.models import CodingSession

    users = list(get_user_model().objects.order_by("pk"))
    found, until, turn = [], time.monotonic() + seconds, 0
    while time.monotonic() < until:
        # Each process names the people in another order, as it would without knowing of the others.
        rows = [
            {**row, "user": user}
            for user in (users if turn % 2 else users[::-1])
            for row in batch(f"{name}-{user.pk}", turn)
        ]
        started = time.perf_counter()
        CodingSession.objects.record_many(rows)
        found.append((time.perf_counter() - started) * 1000)
        turn += 1
    return found


if __name__ == "__main__":
    print(json.dumps(main(float(sys.argv[1]), sys.argv[2])))
