"""What is stored: `python -m tests.load.stored` prints the version of each session of DATABASE_URL as JSON."""

import json
import os
import subprocess
import sys

import django

from tests.load.sites import ENVIRONMENT


def versions(url: str) -> dict[str, int]:
    """External id → the version that is stored (see `rows`), read by a new process."""
    env = {**os.environ, **ENVIRONMENT, "DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-m", "tests.load.stored"], env=env, check=True, stdout=subprocess.PIPE)
    found: dict[str, int] = json.loads(done.stdout)
    return found


def main() -> dict[str, int]:
    django.setup()
    from org_analytics.models import CodingSession

    titles = CodingSession.objects.values_list("external_id", "title")
    return {key: int(title.removeprefix("version ")) for key, title in titles}


if __name__ == "__main__":
    print(json.dumps(main()))
