"""The example project for runs with thousands of requests: without rate limits."""

from example_project.settings import *  # noqa: F403

ORG_ANALYTICS_THROTTLE_RATES = None
