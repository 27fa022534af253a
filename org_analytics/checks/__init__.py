"""System checks: tell a site what is not configured correctly, and what to do about it."""

from .databases import check_daily_usage, check_database_vendor, check_users_database
from .sessions import check_recap_generator, check_recaps_per_month, check_session_url, check_sharing
from .settings import (
    check_access_log,
    check_email_domains,
    check_flag,
    check_installed_apps,
    check_members,
    check_new_repos_per_day,
    check_prices,
    check_read_database,
    check_read_fallback,
    check_sqlite_transactions,
    check_statement_timeout,
    check_throttle_rates,
    check_time_zone,
    check_token_url,
    check_urls,
    check_use_tz,
)
from .teams import check_teams, check_teams_callable

SETTINGS_CHECKS = [
    check_email_domains,
    check_urls,
    check_installed_apps,
    check_time_zone,
    check_members,
    check_use_tz,
    check_flag,
    check_sqlite_transactions,
    check_statement_timeout,
    check_read_database,
    check_read_fallback,
    check_throttle_rates,
    check_token_url,
    check_prices,
    check_access_log,
    check_new_repos_per_day,
    check_database_vendor,
    check_users_database,
    check_teams_callable,
    check_session_url,
    check_recap_generator,
    check_recaps_per_month,
    check_sharing,
]
DATABASE_CHECKS = [check_daily_usage, check_teams]
