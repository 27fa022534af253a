"""The example project for runs with thousands of requests: without rate limits, with teams, sessions shared."""

from example_project.settings import *  # noqa: F403

ORG_ANALYTICS_THROTTLE_RATES = None
ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
