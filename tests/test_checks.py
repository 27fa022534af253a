"""System checks, each test named after the id it proves."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import connection, connections
from django.urls import reverse_lazy

from org_analytics import checks
from org_analytics.models.usage import COUNTS
from org_analytics.rollup import triggers
from org_analytics.rollup.sums import DAILY_MODEL_USAGE, DAILY_USAGE, DAYS


def found(check_id: str) -> list[CheckMessage]:
    """What all checks say under that id; each with an action as its hint."""
    # Without Django's own checks: that of JSON fields asks the database, which not every test may.
    messages = [message for message in run_checks(tags=["org_analytics"]) if message.id == f"org_analytics.{check_id}"]
    assert all(message.hint for message in messages)
    assert all(message.level == (ERROR if check_id[0] == "E" else WARNING) for message in messages)
    return messages


def without(settings: Any, app: str) -> None:
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != app]


def test_a_site_that_is_configured_correctly_gets_no_message(db: None) -> None:
    assert [message for message in run_checks() if str(message.id).startswith("org_analytics.")] == []


@pytest.mark.parametrize(
    "entry", ["*", "com", "@example.com", "*.example.com", "-a.com", "a..com", "a_b.com", "a b.com"]
)
def test_e001_an_entry_that_is_not_a_domain_is_named(settings: Any, entry: str) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = f"example.com, {entry}"

    (message,) = found("E001")

    assert repr(entry) in message.msg


def test_e001_each_bad_entry_has_its_own_message(settings: Any) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = ["com", "ok.example.com", 7]

    assert len(found("E001")) == 2


@pytest.mark.parametrize("domains", ["", None, [], "example.com", " A.Example.COM , münchen.de", ["a-b.co.uk"]])
def test_e001_is_silent_on_usable_entries_and_on_none(settings: Any, domains: Any) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = domains

    assert not found("E001")


@pytest.mark.parametrize("domains", [" ", ",", [""], (entry for entry in ())])
def test_e001_a_value_without_any_entry_is_an_error_too(settings: Any, domains: Any) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = domains

    assert found("E001")


def test_e002_urls_not_included_while_on(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls_without_ours"
    assert len(found("E002")) == 1

    settings.ENABLE_ORG_ANALYTICS = False
    assert not found("E002")


def test_e002_is_silent_where_only_the_api_is_included(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls_api_only"

    assert not found("E002")


@pytest.mark.parametrize(
    ("check_id", "app"), [("E003", "rest_framework"), ("E004", "django_filters"), ("E005", "django.contrib.admin")]
)
def test_e003_to_e005_an_app_that_is_needed_is_not_installed(settings: Any, check_id: str, app: str) -> None:
    without(settings, app)

    (message,) = found(check_id)

    assert app in message.msg
    assert app in str(message.hint)


def test_e005_the_admin_is_not_needed_for_the_api_alone(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls_api_only"
    without(settings, "django.contrib.admin")
    without(settings, "rest_framework")

    assert not found("E005")
    assert found("E003")


def test_e003_and_e004_nothing_is_needed_for_urls_that_are_not_there(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls_without_ours"
    for app in ("django.contrib.admin", "rest_framework", "django_filters"):
        without(settings, app)

    assert not found("E003") + found("E004") + found("E005")


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../etc/passwd", "", "x" * 5_000, 5])
def test_e006_an_unknown_zone(settings: Any, zone: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone

    assert len(found("E006")) == (1 if zone else 0)  # empty: the host's own TIME_ZONE


def test_e006_is_silent_on_a_known_zone(settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Europe/Berlin"

    assert not found("E006")


@pytest.mark.parametrize("path", ["tests.hosts.missing", "nowhere.members", "tests.hosts.not_callable", "x", 5])
def test_e007_members_that_cannot_be_imported_or_called(settings: Any, path: Any) -> None:
    settings.ORG_ANALYTICS_MEMBERS = path

    assert len(found("E007")) == 1


@pytest.mark.parametrize("path", [None, "", "tests.hosts.only_ann"])
def test_e007_is_silent_on_members_that_can_be_asked_for(settings: Any, path: str | None) -> None:
    settings.ORG_ANALYTICS_MEMBERS = path

    assert not found("E007")


def test_e008_naive_times(settings: Any) -> None:
    settings.USE_TZ = False

    assert len(found("E008")) == 1


@pytest.mark.parametrize("value", ["1", "yes", "TRUE", "True", " true", "on", "Y", 1])
def test_w001_a_value_that_looks_meant_as_true(settings: Any, value: Any) -> None:
    settings.ENABLE_ORG_ANALYTICS = value

    (message,) = found("W001")

    assert repr(value) in message.msg


@pytest.mark.parametrize("value", [True, "true", False, "false", "", None, "0", "no", "off", 0])
def test_w001_is_silent_on_true_and_on_what_is_meant_as_off(settings: Any, value: Any) -> None:
    settings.ENABLE_ORG_ANALYTICS = value

    assert not found("W001")


def test_w001_looks_at_the_environment_too(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    del settings.ENABLE_ORG_ANALYTICS
    monkeypatch.setenv("ENABLE_ORG_ANALYTICS", "True")

    assert len(found("W001")) == 1


@pytest.mark.parametrize(
    ("mode", "is_warned"), [(None, True), ("DEFERRED", True), ("IMMEDIATE", False), ("exclusive", False)]
)
def test_w002_sqlite_without_immediate_transactions(
    monkeypatch: pytest.MonkeyPatch, mode: str | None, is_warned: bool
) -> None:
    options = {} if mode is None else {"transaction_mode": mode}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setattr(connection, "vendor", "sqlite")

    assert bool(found("W002")) is is_warned


def test_w002_is_silent_on_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})
    monkeypatch.setattr(connection, "vendor", "postgresql")

    assert not found("W002")


def test_manage_py_check_stops_on_an_error(settings: Any, db: None) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = "*"

    with pytest.raises(SystemCheckError, match=r"org_analytics\.E001"):
        call_command("check")


@pytest.mark.parametrize("value", ["soon", "10", -1, 86_401, True])
def test_e009_a_time_limit_that_is_not_a_number_of_seconds(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_STATEMENT_TIMEOUT = value

    (message,) = found("E009")

    assert repr(value) in message.msg
    assert "0 to 86400" in str(message.hint)


@pytest.mark.parametrize("value", [None, 0, 0.5, 86_400])
def test_e009_is_silent_on_a_number_of_seconds_and_on_none(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_STATEMENT_TIMEOUT = value

    assert not found("E009")


def test_e010_a_database_to_read_from_that_does_not_exist(settings: Any) -> None:
    settings.ORG_ANALYTICS_READ_DATABASE = "elsewhere"

    (message,) = found("E010")

    assert "'elsewhere'" in message.msg
    assert "'default'" in str(message.hint)
    assert not found("E009")


@pytest.mark.parametrize("value", ["false", 0, None])
def test_e024_a_fallback_that_is_neither_true_nor_false(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_READ_FALLBACK = value

    (message,) = found("E024")

    assert repr(value) in message.msg


def test_e024_is_silent_on_true_and_false(settings: Any) -> None:
    settings.ORG_ANALYTICS_READ_FALLBACK = False

    assert not found("E024")


@pytest.mark.parametrize("alias", [None, "", "default"])
def test_e010_is_silent_on_an_alias_and_on_none(settings: Any, alias: str | None) -> None:
    settings.ORG_ANALYTICS_READ_DATABASE = alias

    assert not found("E010")


@pytest.mark.parametrize("value", ["100/min", {"read": "often"}, {"write": 5}, {"delete": "1/min"}])
def test_e014_rates_that_cannot_be_read(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_THROTTLE_RATES = value

    (message,) = found("E014")

    assert repr(value) in message.msg
    assert "1200/min" in str(message.hint)


@pytest.mark.parametrize("value", [None, {}, {"read": "5/s"}])
def test_e014_is_silent_on_rates_and_on_none(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_THROTTLE_RATES = value

    assert not found("E014")


@pytest.mark.django_db
def test_w003_a_changed_reporting_zone_is_reported_until_the_roll_up_is_rebuilt(settings: Any) -> None:
    assert checks.check_daily_usage(["default"]) == []
    settings.ORG_ANALYTICS_TIME_ZONE = "Asia/Tokyo"
    (warning,) = checks.check_daily_usage(["default"])
    assert (warning.id, "UTC" in warning.msg) == ("org_analytics.W003", True)
    call_command("rebuild_daily_usage", verbosity=0)
    assert checks.check_daily_usage(["default"]) == []


@pytest.mark.django_db
def test_w003_is_silent_on_an_unknown_zone_which_e006_names(settings: Any) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = "Mars/Phobos"

    assert checks.check_daily_usage(["default"]) == []


@pytest.mark.django_db
def test_w004_missing_triggers_are_named_until_they_are_put_back() -> None:
    for statement in triggers.drop_statements(connection.vendor):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    (warning,) = checks.check_daily_usage(["default"])
    assert (warning.id, "org_analytics_daily_usage_update" in warning.msg) == ("org_analytics.W004", True)
    call_command("rebuild_daily_usage", verbosity=0)
    assert checks.check_daily_usage(["default"]) == []


@pytest.mark.parametrize(
    "url", ["token", "//evil.example", "javascript:x", "https://", "ftp://a/b", 5, b"/x", reverse_lazy("nowhere")]
)
def test_e011_an_address_for_tokens_that_leads_nowhere(settings: Any, url: Any) -> None:
    settings.ORG_ANALYTICS_TOKEN_URL = url

    assert len(found("E011")) == 1


def test_e011_does_not_show_a_password(settings: Any) -> None:
    settings.ORG_ANALYTICS_TOKEN_URL = "https://ann:s3cret@example.com/token"

    (message,) = found("E011")

    assert "s3cret" not in message.msg


@pytest.mark.parametrize("url", [None, "", "/account/token", "https://example.com", reverse_lazy("admin:index")])
def test_e011_is_silent_on_an_address_and_on_none(settings: Any, url: Any) -> None:
    settings.ORG_ANALYTICS_TOKEN_URL = url

    assert not found("E011")


@pytest.fixture
def second_database(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`second_database("analytics", ENGINE=…)`: the host has this database beside its own; nothing connects to it."""

    def add(alias: str, engine: str = "django.db.backends.sqlite3") -> None:
        monkeypatch.setitem(connections.settings, alias, {**connections.settings["default"], "ENGINE": engine})

    return add


def test_e012_h13_a_database_that_no_trigger_is_written_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection, "display_name", "MySQL")

    (message,) = found("E012")

    assert "MySQL" in message.msg


def test_e012_h13_a_second_database_counts_only_where_the_app_is_migrated_into_it(
    second_database: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    second_database("legacy", "tests.unsupported_database")
    monkeypatch.setattr(connections["legacy"], "vendor", "mysql")

    assert not found("E012")
    assert [message.id for message in checks.check_database_vendor(["legacy"])] == ["org_analytics.E012"]


@pytest.mark.parametrize("router", ["AnalyticsElsewhere", "AnalyticsMigratedElsewhere"])
def test_e013_h13_the_app_and_the_users_in_different_databases(
    router: str, second_database: Callable[..., None], settings: Any
) -> None:
    second_database("analytics")
    settings.DATABASE_ROUTERS = [f"tests.hosts.{router}"]

    (message,) = found("E013")

    assert ("'analytics'" in message.msg, "'default'" in message.msg) == (True, True)


def test_e013_is_silent_on_a_second_database_without_routers(second_database: Callable[..., None]) -> None:
    second_database("replica")

    assert not found("E013")


def test_e013_is_silent_where_the_users_are_in_another_schema(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.hosts.UsersOfAnotherSchema"]

    assert not found("E013")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (f"DELETE FROM {DAILY_USAGE.table}", "session_count 0 instead of 1"),
        (f"UPDATE {DAILY_USAGE.table} SET session_count = 9", "session_count 9 instead of 1"),
        (f"UPDATE {DAILY_USAGE.table} SET cost_nanos = 7", "cost_nanos 7 instead of 0"),
        (f"UPDATE {DAILY_USAGE.table} SET user_count = 0", "user_count 0 instead of 1"),
        (f"DELETE FROM {DAILY_MODEL_USAGE.table}", "session_count by model 0 instead of 1"),
        (f"UPDATE {DAILY_MODEL_USAGE.table} SET requests_rest = 9", "requests_rest by model 9 instead of 3"),
    ],
)
def test_w005_h15_totals_that_are_not_those_of_the_sessions(
    user: Any, make_session: Callable[..., Any], damage: str, message: str
) -> None:
    make_session(user, models=[{"model": "a", **dict.fromkeys(COUNTS, 3), "cost_usd": 1}])
    assert checks.check_daily_usage(["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute(damage)
    (warning,) = checks.check_daily_usage(["default"])
    assert (warning.id, message in warning.msg) == ("org_analytics.W005", True)
    call_command("rebuild_daily_usage", verbosity=0)
    assert checks.check_daily_usage(["default"]) == []


@pytest.mark.django_db
def test_w005_is_silent_while_the_roll_up_is_of_another_version(user: Any, make_session: Callable[..., Any]) -> None:
    """`migrate` runs the checks before it changes columns."""
    make_session(user)
    with connection.cursor() as cursor:
        for statement in triggers.drop_statements(connection.vendor):
            cursor.execute(statement)
        cursor.execute(f"ALTER TABLE {DAILY_USAGE.table} RENAME COLUMN user_count TO users_count")

    assert [warning.id for warning in checks.check_daily_usage(["default"])] == ["org_analytics.W004"]


@pytest.mark.django_db
def test_w005_h15_is_not_looked_for_unless_a_database_is_named(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        run_checks()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tables", [[DAILY_USAGE.table], [DAYS], [DAILY_USAGE.table, DAYS], [DAILY_MODEL_USAGE.table]])
def test_w006_h15_a_missing_roll_up_until_it_is_created_again(
    user: Any, make_session: Callable[..., Any], tables: list[str]
) -> None:
    make_session(user)
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DROP TABLE {table}")
    (warning,) = checks.check_daily_usage(["default"])
    assert warning.id == "org_analytics.W006"
    with pytest.raises(CommandError):
        call_command("rebuild_daily_usage", "--check", stdout=io.StringIO())
    call_command("rebuild_daily_usage", verbosity=0)
    assert checks.check_daily_usage(["default"]) == []
    make_session(user)
    call_command("rebuild_daily_usage", "--check", verbosity=0, stdout=io.StringIO())


@pytest.mark.parametrize("value", [None, 0, "false"])
def test_e021_a_switch_of_the_access_log_that_is_not_true_or_false(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_ACCESS_LOG = value
    (message,) = found("E021")
    assert "ORG_ANALYTICS_ACCESS_LOG:" in message.msg

    settings.ORG_ANALYTICS_ACCESS_LOG = False
    assert not found("E021")


@pytest.mark.parametrize("value", [None, 0, -1, 3651, 1.5, True, "90"])
def test_e021_days_of_the_access_log_that_are_not_a_number_of_days(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_ACCESS_LOG_DAYS = value
    (message,) = found("E021")
    assert "ORG_ANALYTICS_ACCESS_LOG_DAYS:" in message.msg

    settings.ORG_ANALYTICS_ACCESS_LOG_DAYS = 3650
    assert not found("E021")


@pytest.mark.parametrize("value", [-1, 1.5, True, "200", [], 1_000_001])
def test_e022_a_limit_of_new_repositories_that_is_not_a_number(settings: Any, value: Any) -> None:
    settings.ORG_ANALYTICS_NEW_REPOS_PER_DAY = value
    (message,) = found("E022")
    assert repr(value) in message.msg

    for limit in (None, 0, 1_000_000):
        settings.ORG_ANALYTICS_NEW_REPOS_PER_DAY = limit
        assert not found("E022")


def test_each_id_has_a_test_of_its_name() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(checks.__file__).parent.glob("*.py"))
    ids = set(re.findall(r"org_analytics\.([EW]\d{3})", source))
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    names = " ".join(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))

    assert ids
    assert {check_id for check_id in ids if check_id.lower() not in names} <= {"E004"}  # within e003_to_e005


@pytest.mark.parametrize("prices", [["x"], {"m": {"input": "1"}}, {"m": {"input": -1, "output": 1}}, {"m": 5}])
def test_e015_names_prices_that_cannot_be_read(settings: Any, prices: Any) -> None:
    settings.ORG_ANALYTICS_PRICES = prices
    [message] = checks.check_prices()
    assert (message.id, message.msg.startswith("ORG_ANALYTICS_PRICES: ")) == ("org_analytics.E015", True)


@pytest.mark.parametrize("path", ["tests.hosts.missing", "nowhere.teams", "tests.hosts.not_callable", "x", 5])
def test_e016_teams_that_cannot_be_imported_or_called(settings: Any, path: Any) -> None:
    settings.ORG_ANALYTICS_TEAMS = path

    assert len(found("E016")) == 1


@pytest.mark.parametrize("path", [None, "", "org_analytics.teams.from_groups", "tests.hosts.failing_teams"])
def test_e016_does_not_call_anything_unless_a_database_is_named(settings: Any, path: str | None) -> None:
    settings.ORG_ANALYTICS_TEAMS = path

    assert not found("E016")
    assert checks.check_teams() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("tests.hosts.failing_teams", "failed with RuntimeError"),
        ("tests.hosts.teams_of_a_missing_table", "failed with"),
        ("tests.hosts.only_ann", "item 0 of the result is not a pair"),
    ],
)
def test_e016_a_callable_that_fails_or_does_not_return_pairs(settings: Any, user: Any, path: str, problem: str) -> None:
    settings.ORG_ANALYTICS_TEAMS = path

    (message,) = checks.check_teams(["default"])

    assert (message.id, problem in message.msg) == ("org_analytics.E016", True)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [None, "org_analytics.teams.from_groups", "x"])
def test_e016_is_silent_on_teams_on_none_and_on_what_is_named_already(settings: Any, path: str | None) -> None:
    settings.ORG_ANALYTICS_TEAMS = path

    assert checks.check_teams(["default"]) == []


@pytest.mark.django_db
def test_e016_waits_for_pending_migrations(settings: Any) -> None:
    """`migrate` runs the checks first and may be about to create the table of the teams."""
    settings.ORG_ANALYTICS_TEAMS = "tests.hosts.teams_of_a_missing_table"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    assert checks.check_teams(["default"]) == []


CALLABLES = [("E017", "ORG_ANALYTICS_SESSION_URL"), ("E018", "ORG_ANALYTICS_RECAP_GENERATOR")]


@pytest.mark.parametrize(("check_id", "setting"), CALLABLES)
@pytest.mark.parametrize("path", ["tests.hosts.missing", "nowhere.url", "tests.hosts.not_callable", "x", 5])
def test_e017_and_e018_a_callable_that_cannot_be_imported(
    settings: Any, check_id: str, setting: str, path: Any
) -> None:
    setattr(settings, setting, path)

    (message,) = found(check_id)

    assert setting in message.msg


@pytest.mark.parametrize(("check_id", "setting"), CALLABLES)
@pytest.mark.parametrize("path", [None, "", "tests.hosts.only_ann"])
def test_e017_and_e018_are_silent_on_a_callable_and_on_none(
    settings: Any, check_id: str, setting: str, path: str | None
) -> None:
    setattr(settings, setting, path)

    assert not found(check_id)


@pytest.mark.parametrize("limit", [-1, 1.5, "10", True, float("nan")])
def test_e019_a_limit_that_is_not_a_number(settings: Any, limit: Any) -> None:
    settings.ORG_ANALYTICS_RECAPS_PER_MONTH = limit

    assert len(found("E019")) == 1


@pytest.mark.parametrize("limit", [None, 0, 1, 10**9])
def test_e019_is_silent_on_numbers_and_on_none(settings: Any, limit: Any) -> None:
    settings.ORG_ANALYTICS_RECAPS_PER_MONTH = limit

    assert not found("E019")


@pytest.mark.parametrize("value", ["True", "TRUE", "1", 1, "yes", " true", "on"])
def test_e020_a_value_that_was_meant_to_share_sessions(settings: Any, value: Any) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = value

    assert len(found("E020")) == 1


@pytest.mark.parametrize("value", [True, "true", False, None, "", "false", 0])
def test_e020_is_silent_on_other_values(settings: Any, value: Any) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = value

    assert not found("E020")
