"""The example project with teams: Django's groups."""

from example_project.settings import *  # noqa: F403

ORG_ANALYTICS_TEAMS = "org_analytics.teams.from_groups"
