"""Every bound of the package, once. Pure: no Django."""

from datetime import UTC, date, datetime
from decimal import Decimal

# What a session may contain.
MAX_EXTERNAL_ID = 512
MAX_TITLE = 255
MAX_MODEL = 255
MAX_SOURCE = 64
MAX_MODELS = 100
MAX_RECAP = 4_000
MAX_RECAP_ITEMS = 10
MAX_RECAP_ITEM = 1_000
MAX_MESSAGE_ID = 255
MAX_COST_USD = Decimal(100_000)
MAX_MS = 366 * 86_400_000
MAX_COUNT = 2**53 - 1  # beyond it, JSON numbers are not exact everywhere
FIRST_START = datetime(2000, 1, 1, tzinfo=UTC)
END_OF_STARTS = datetime(2101, 1, 1, tzinfo=UTC)
MAX_PATH_BYTES = 512
# No remote is nearly as long, and parsing a longer one is not worth the time.
MAX_URL = 4096

# What a request may ask for.
DAY_SECONDS = 86_400
MAX_DAYS = 90
# 90 local days over an autumn clock change are an hour longer.
MAX_SECONDS = MAX_DAYS * DAY_SECONDS + 3_600
FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2100, 12, 31)
FIRST_TIMESTAMP = int(datetime(1, 1, 3, tzinfo=UTC).timestamp())
LAST_TIMESTAMP = int(datetime(9999, 12, 29, 23, 59, 59, tzinfo=UTC).timestamp())
MAX_TZ_OFFSET = 1440
MAX_VALUES = 50
MAX_TEAM = 255
MAX_USER_ID = 2**63 - 1  # what a database column can hold
MAX_REPO_BYTES = 512
MAX_SEARCH = 200

# What a request may send, and how much of it an answer repeats.
MAX_ROWS = 500
MAX_BYTES = 2 * 1024 * 1024  # compressed, and again uncompressed
MAX_NAMED = 10  # unknown fields and bad models: a small body must not become a long answer

SLOW_REQUEST_MS = 1_000  # from then on, a request is logged as slow
MAX_STATEMENT_TIMEOUT = 86_400  # seconds
MAX_ACCESS_LOG_DAYS = 3_650
MAX_NEW_REPOS_PER_DAY = 1_000_000
