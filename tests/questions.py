"""What the tests ask of the API: its URLs, and the two days around `NOW`."""

from datetime import UTC, datetime

NOW = datetime(2026, 6, 17, 15, 30, tzinfo=UTC)  # a Wednesday
ANALYTICS = "/api/v1/org/analytics"
REPOS = "/api/v1/org/repos"
DAY = 86_400
START = int(NOW.timestamp()) - DAY
RANGE = {"start_ts": START, "end_ts": START + 2 * DAY}
