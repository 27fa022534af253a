"""The example project as a server under load: no rate limits, no debug mode, and a read replica if there is one."""

import os

from example_project.databases import database_from_url
from example_project.settings import *  # noqa: F403
from example_project.settings import DATABASES

ORG_ANALYTICS_THROTTLE_RATES = None
WSGI_APPLICATION = None
if os.environ.get("WITHOUT_PERSISTENT_CONNECTIONS"):
    # Under ASGI a request may run in any thread, and through a pooler the pooler keeps the connections.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
if url := os.environ.get("REPLICA_URL"):
    DATABASES["replica"] = database_from_url(url)
    ORG_ANALYTICS_READ_DATABASE = "replica"
    ORG_ANALYTICS_READ_FALLBACK = os.environ.get("READ_FALLBACK") != "false"
