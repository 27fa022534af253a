"""`manage.py generate_recaps`: recaps of the site's own making, one failure at a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from org_analytics.models import CodingSession, RecapCount, SessionRecap
from tests.questions import NOW
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.core]
CANARY = "canary"


@pytest.fixture
def asked(settings: Any, monkeypatch: pytest.MonkeyPatch, freeze_now: Any) -> list[str]:
    """The external ids of the sessions for which a recap was asked, in order; the callable returns a good one."""
    found: list[str] = []

    def recap_of(session: CodingSession) -> Any:
        found.append(session.external_id)
        return {"recap": f"{CANARY} {session.external_id}", "went_well": [CANARY]}

    use(settings, monkeypatch, recap_of)
    freeze_now(NOW)
    return found


def use(settings: Any, monkeypatch: pytest.MonkeyPatch, recap_of: Callable[[CodingSession], Any]) -> None:
    monkeypatch.setattr("tests.hosts.recap_of", recap_of, raising=False)
    settings.ORG_ANALYTICS_RECAP_GENERATOR = "tests.hosts.recap_of"


def generate(*options: str) -> str:
    out = StringIO()
    call_command("generate_recaps", *options, stdout=out, stderr=StringIO())
    assert CANARY not in out.getvalue()
    return out.getvalue().strip()


def fail(*options: str) -> str:
    with pytest.raises(CommandError) as caught:
        generate(*options)
    assert CANARY not in str(caught.value)
    return str(caught.value)


def again(session: CodingSession, **changes: Any) -> None:
    names = ("user", "provider", "external_id", "started_at", "cost_usd", "duration_ms", "assistant_ms", "user_ms")
    CodingSession.objects.record(**{**{name: getattr(session, name) for name in names}, **changes})


def test_each_session_without_a_recap_gets_one_newest_first(user: Any, make_session: Any, asked: list[str]) -> None:
    for minutes in (1, 3, 2):
        make_session(user, external_id=f"at {minutes}", started_at=NOW - timedelta(minutes=minutes))

    assert generate() == "Recaps: 3 made, 0 declined, 0 failed, 0 deleted, 0 over the monthly limit."
    assert asked == ["at 1", "at 2", "at 3"]
    recap = SessionRecap.objects.get(session__external_id="at 1")
    assert (recap.recap, recap.went_well, recap.computed_at) == (f"{CANARY} at 1", [{"text": CANARY}], NOW)
    assert generate() == "Recaps: 0 made, 0 declined, 0 failed, 0 deleted, 0 over the monthly limit."


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        ({"ended_at": NOW + timedelta(hours=1)}, True),
        ({"duration_ms": 5}, True),
        ({"assistant_ms": None}, True),
        ({"user_ms": 0}, True),
        ({"started_at": NOW - timedelta(hours=1)}, True),
        ({"title": "Another"}, False),
        ({"cost_usd": 5}, False),
        ({}, False),
    ],
)
def test_a_session_gets_another_recap_after_people_went_on_with_it(
    user: Any, make_session: Any, asked: list[str], changes: dict[str, Any], is_asked: bool
) -> None:
    session = make_session(user)
    generate()
    again(session, **changes)

    generate()

    assert len(asked) == 1 + is_asked


def test_a_recap_from_elsewhere_is_kept_until_the_session_changes(
    user: Any, make_session: Any, asked: list[str]
) -> None:
    session = make_session(user, recap={"recap": "theirs", "computed_at": NOW})
    generate()
    assert asked == []

    again(session, duration_ms=1)
    again(session, duration_ms=1, recap={"recap": "theirs", "computed_at": NOW})
    generate()
    assert asked == []

    again(session, duration_ms=2)
    generate()
    assert asked == [session.external_id]


def test_pending_sessions_and_those_of_non_members_are_left_out(
    user: Any, inactive: Any, make_session: Any, asked: list[str]
) -> None:
    make_session(user, analyzed=False)
    make_session(inactive)

    generate()

    assert asked == []


@pytest.mark.parametrize(("zone", "found"), [("UTC", ["late"]), ("Europe/Berlin", ["late", "early"])])
def test_since_is_a_day_of_the_reporting_time_zone(
    user: Any, make_session: Any, asked: list[str], settings: Any, zone: str, found: list[str]
) -> None:
    settings.ORG_ANALYTICS_TIME_ZONE = zone
    make_session(user, external_id="early", started_at=datetime(2026, 6, 16, 23, tzinfo=UTC))
    make_session(user, external_id="late", started_at=datetime(2026, 6, 17, 1, tzinfo=UTC))

    generate("--since", "2026-06-17")

    assert asked == found


def test_limit_stops_and_the_next_run_goes_on(user: Any, make_session: Any, asked: list[str]) -> None:
    for minutes in range(3):
        make_session(user, external_id=str(minutes), started_at=NOW - timedelta(minutes=minutes))

    assert generate("--limit", "2").startswith("Recaps: 2 made")
    assert generate("--limit", "2").startswith("Recaps: 1 made")
    assert asked == ["0", "1", "2"]


def test_dry_run_asks_nothing_and_writes_nothing(user: Any, staff: Any, make_session: Any, asked: list[str]) -> None:
    for person in (user, user, staff):
        make_session(person)

    assert generate("--dry-run") == "Dry run: 3 sessions of 2 people need a recap."
    assert (asked, SessionRecap.objects.count(), RecapCount.objects.count()) == ([], 0, 0)


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        (RuntimeError(f"the {CANARY} title"), "RuntimeError"),
        ({"recap": f"{CANARY}\0"}, "not a recap (recap)"),
        ({"went_well": [CANARY * 1_000], "mood": CANARY}, "not a recap (mood, recap, went_well)"),
        ({"recap": "x", "computed_at": CANARY}, "not a recap (computed_at)"),
        (CANARY, "not a recap (Must be an object.)"),
        (SystemError(CANARY), "SystemError"),
    ],
)
def test_a_failure_is_named_without_its_text_and_does_not_stop_the_others(
    user: Any,
    make_session: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    returned: Any,
    kind: str,
) -> None:
    def recap_of(session: CodingSession) -> Any:
        if session.external_id == "good":
            return {"recap": "x"}
        if isinstance(returned, Exception):
            raise returned
        return returned

    use(settings, monkeypatch, recap_of)
    bad = make_session(user, external_id="bad", title=f"{CANARY} title")
    make_session(user, external_id="good", started_at=NOW - timedelta(minutes=1))

    assert fail() == f"Session {bad.pk}: {kind}"
    assert SessionRecap.objects.get().session.external_id == "good"
    assert CANARY not in caplog.text


def test_many_failures_are_cut_short(
    user: Any, make_session: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, monkeypatch, lambda session: {})
    for _number in range(23):
        make_session(user)

    lines = fail().splitlines()

    assert (len(lines), lines[-1]) == (21, "and 3 more")


def test_a_callable_that_returns_none_declines(
    user: Any, make_session: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, monkeypatch, lambda session: None)
    make_session(user)

    assert generate() == "Recaps: 0 made, 1 declined, 0 failed, 0 deleted, 0 over the monthly limit."


@pytest.mark.parametrize("is_before", [True, False], ids=["before the call", "during the call"])
def test_a_session_that_somebody_deletes_meanwhile_is_passed_over(
    user: Any, make_session: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, is_before: bool
) -> None:
    def recap_of(session: CodingSession) -> Any:
        CodingSession.objects.filter(external_id="older" if is_before else session.external_id).delete()
        return {"recap": "x"}

    use(settings, monkeypatch, recap_of)
    make_session(user, external_id="newer")
    make_session(user, external_id="older", started_at=NOW - timedelta(minutes=1))

    made = 1 if is_before else 0
    assert generate().startswith(f"Recaps: {made} made, 0 declined, 0 failed, {2 - made} deleted")
    assert SessionRecap.objects.count() == made


def test_a_change_during_the_call_needs_another_recap(
    user: Any, make_session: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def recap_of(session: CodingSession) -> Any:
        seen.append(session.duration_ms)
        if len(seen) == 1:
            again(session, duration_ms=77)
        return {"recap": "x"}

    use(settings, monkeypatch, recap_of)
    make_session(user)
    for _run in range(3):
        generate()

    assert seen == [60_000, 77]


def test_the_monthly_limit_is_per_person_and_counts_only_recaps_that_were_made(
    user: Any,
    staff: Any,
    make_session: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    freeze_now: Any,
) -> None:
    answers: dict[str, Any] = {"none": None}
    use(settings, monkeypatch, lambda session: answers.get(session.external_id, {"recap": "x"}))
    settings.ORG_ANALYTICS_RECAPS_PER_MONTH = 2
    freeze_now(NOW)
    for number, name in enumerate(["none", "a", "b", "c", "d"]):
        make_session(user, external_id=name, started_at=NOW - timedelta(minutes=number))
    make_session(staff, external_id="theirs")

    assert generate() == "Recaps: 3 made, 1 declined, 0 failed, 0 deleted, 2 over the monthly limit."
    assert generate() == "Recaps: 0 made, 0 declined, 0 failed, 0 deleted, 3 over the monthly limit."
    freeze_now(NOW + timedelta(days=14))
    assert generate("--limit", "2").startswith("Recaps: 1 made, 1 declined")
    assert sorted(RecapCount.objects.values_list("month", "count")) == [
        (datetime(2026, 6, 1).date(), 1),
        (datetime(2026, 6, 1).date(), 2),
        (datetime(2026, 7, 1).date(), 1),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_keep_to_the_monthly_limit(
    user: Any, make_session: Any, settings: Any, asked: list[str]
) -> None:
    settings.ORG_ANALYTICS_RECAPS_PER_MONTH = 4
    for number in range(10):
        make_session(user, external_id=str(number))

    at_once([generate, generate])

    assert RecapCount.objects.get().count == len(asked) == 4


def test_a_limit_of_zero_asks_for_nothing(user: Any, make_session: Any, asked: list[str], settings: Any) -> None:
    settings.ORG_ANALYTICS_RECAPS_PER_MONTH = 0
    make_session(user)

    assert generate().endswith("1 over the monthly limit.")
    assert asked == []


def test_an_interrupted_run_says_what_it_did(
    user: Any, make_session: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recap_of(session: CodingSession) -> Any:
        if session.external_id == "older":
            raise KeyboardInterrupt
        return {"recap": "x"}

    use(settings, monkeypatch, recap_of)
    make_session(user, external_id="newer")
    make_session(user, external_id="older", started_at=NOW - timedelta(minutes=1))

    assert fail().startswith("Interrupted. Recaps: 1 made")
    assert RecapCount.objects.get().count == 1


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("ORG_ANALYTICS_RECAP_GENERATOR", None, "Set ORG_ANALYTICS_RECAP_GENERATOR"),
        ("ORG_ANALYTICS_RECAP_GENERATOR", "nowhere.recap_of", "cannot import 'nowhere.recap_of'"),
        ("ORG_ANALYTICS_RECAPS_PER_MONTH", "many", "'many' is not a whole number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    asked: list[str], settings: Any, setting: str, value: Any, message: str
) -> None:
    setattr(settings, setting, value)

    assert message in fail()


@pytest.mark.parametrize(
    "options",
    [
        ["--since", "yesterday"],
        ["--since", "1999-12-31"],
        ["--since", "2026-06-31"],
        ["--limit", "0"],
        ["--limit", "-1"],
        ["--limit", "٣"],
        ["--limit", "9" * 5_000],
    ],
)
def test_bad_options_are_named(asked: list[str], options: list[str]) -> None:
    assert options[0] in fail(*options)
