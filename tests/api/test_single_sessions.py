"""`GET /api/v1/org/people/{id}/sessions` and `GET /api/v1/org/sessions/{id}`. Who may see them: test_visibility.py."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession
from org_analytics.reporting import session_list
from tests.questions import NOW, RANGE

pytestmark = [pytest.mark.django_db, pytest.mark.core]
MINE = "/api/v1/org/people/me/sessions"
MODELS = [
    {
        "model": "gpt-5-codex",
        "requests": None,
        "input_tokens": 10,
        "output_tokens": 4,
        "cache_write_tokens": 0,
        "cache_read_tokens": 7,
        "cost_usd": "0.000000001",
    },
    {
        "model": "claude-haiku-4-5",
        "requests": 2,
        "input_tokens": 1,
        "output_tokens": 1,
        "cache_write_tokens": 1,
        "cache_read_tokens": 1,
        "cost_usd": None,
    },
]
RECAP = {
    "recap": "Fixed the build.\nAnd <b>more</b>.",
    "computed_at": "2026-06-17T16:00:00Z",
    "went_well": ["Quick.", {"text": "Tested.", "message_id": "m-1"}],
    "suggestions_context": [{"text": "Say so."}],
    "model_used": "claude-haiku-4-5",
}


@pytest.fixture
def whole(user: Any, make_session: Any) -> CodingSession:
    """A session with everything known."""
    session: CodingSession = make_session(
        user,
        provider="codex",
        external_id="5f0c",
        ended_at=NOW + timedelta(minutes=5),
        title="Fix the build",
        git_info={"path": "ann/api", "upstream_path": "acme/api"},
        cost_usd=None,
        models=MODELS,
        recap=RECAP,
    )
    return session


def test_a_session_has_everything_that_is_known_of_it(api: Client, user: Any, whole: CodingSession) -> None:
    response = api.get(f"/api/v1/org/sessions/{whole.pk}")

    assert response.json() == {
        "id": whole.pk,
        "user": {
            "id": user.pk if isinstance(user.pk, int) else str(user.pk),
            "email": "ann@example.com",
            "name": "Ann Lee",
        },
        "provider": "codex",
        "external_id": "5f0c",
        "title": "Fix the build",
        "repo": "ann/api",
        "root": "acme/api",
        "started_at": "2026-06-17T15:30:00Z",
        "ended_at": "2026-06-17T15:35:00Z",
        "duration_ms": 60_000,
        "assistant_time_ms": 40_000,
        "user_time_ms": 10_000,
        "cost_usd": "0.000000001",
        "cost_complete": False,
        "analyzed": True,
        "models": MODELS,
        "recap": {
            "recap": "Fixed the build.\nAnd <b>more</b>.",
            "went_well": [{"text": "Quick."}, {"text": "Tested.", "message_id": "m-1"}],
            "went_badly": [],
            "suggestions_person": [],
            "suggestions_environment": [],
            "suggestions_context": [{"text": "Say so."}],
            "model_used": "claude-haiku-4-5",
            "computed_at": "2026-06-17T16:00:00Z",
        },
    }
    assert response["Cache-Control"] == "no-store"


def test_what_is_unknown_of_a_session_is_left_out(api: Client, user: Any) -> None:
    session, _created = CodingSession.objects.record(
        user=user, provider="cursor", external_id="c", started_at=NOW, analyzed=False
    )

    answer = api.get(f"/api/v1/org/sessions/{session.pk}").json()

    assert set(answer) == {
        "id",
        "user",
        "provider",
        "external_id",
        "started_at",
        "cost_complete",
        "analyzed",
        "models",
    }
    assert (answer["analyzed"], answer["models"]) == (False, [])


def test_a_list_has_the_rows_of_a_session_without_models_recap_and_owner(api: Client, whole: CodingSession) -> None:
    answer = api.get(MINE, RANGE).json()

    detail = api.get(f"/api/v1/org/sessions/{whole.pk}").json()
    expected = {name: value for name, value in detail.items() if name not in {"user", "models", "recap"}}
    assert answer == {"sessions": [expected], "next_cursor": None}


def test_a_list_is_newest_first_and_has_pending_sessions_in_parts_of_fifty(
    api: Client, user: Any, make_session: Any
) -> None:
    stored = [make_session(user, started_at=NOW + timedelta(minutes=n), analyzed=n % 2 == 0).pk for n in range(120)]

    parts, cursor = [], ""
    while cursor is not None:
        answer = api.get(MINE, {**RANGE, "cursor": cursor}).json()
        parts.append(answer["sessions"])
        cursor = answer["next_cursor"]

    assert [len(part) for part in parts] == [50, 50, 20]
    assert [row["id"] for part in parts for row in part] == stored[::-1]
    assert sum(not row["analyzed"] for part in parts for row in part) == 60


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"provider": "codex"}, {"b"}),
        ({"repos": "ACME/api"}, {"a", "c"}),
        ({"repos": "acme/api", "include_no_repo": "false"}, {"a"}),
        ({"end_ts": RANGE["end_ts"] - 86_400}, {"c"}),
        ({"unknown": "1", "o": "cost", "q": "x"}, {"a", "b", "c"}),
    ],
)
def test_a_list_takes_the_filters_of_analytics(
    api: Client, user: Any, make_session: Any, query: dict[str, Any], ids: set[str]
) -> None:
    make_session(user, external_id="a", git_info={"path": "acme/api"})
    make_session(user, external_id="b", git_info={"path": "acme/web"}, provider="codex")
    make_session(user, external_id="c", started_at=NOW - timedelta(hours=1))

    answer = api.get(MINE, {**RANGE, **query}).json()

    assert {row["external_id"] for row in answer["sessions"]} == ids
    if set(query) & {"provider", "repos"}:
        analytics = api.get("/api/v1/org/analytics", {**RANGE, **query}).json()
        assert analytics["totals"]["session_count"] == len(ids)


@pytest.mark.parametrize("cursor", ["x", "a:b:c", ".", "%00", "é", "{}x"])
def test_a_bad_cursor_is_400_before_the_404(
    api: Client, user: Any, make_session: Any, monkeypatch: pytest.MonkeyPatch, cursor: str
) -> None:
    monkeypatch.setattr(session_list, "PART_SIZE", 1)
    make_session(user)
    make_session(user)
    good = api.get(MINE, RANGE).json()["next_cursor"]

    for url in (MINE, "/api/v1/org/people/unknown/sessions"):
        response = api.get(url, {"cursor": cursor.format(good)})
        assert (response.status_code, response.json()) == (400, {"error": "Invalid cursor"})
    response = api.get(MINE, {"cursor": "x", "person": "\0"})
    assert response.json() == {"error": "Invalid person"}


def test_the_first_of_repeated_cursors_counts_and_an_empty_one_is_none(
    api: Client, user: Any, make_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_list, "PART_SIZE", 1)
    first, second = make_session(user).pk, make_session(user).pk
    cursor = api.get(MINE, RANGE).json()["next_cursor"]

    assert [row["id"] for row in api.get(MINE, {**RANGE, "cursor": [cursor, "x"]}).json()["sessions"]] == [first]
    assert [row["id"] for row in api.get(MINE, {**RANGE, "cursor": ""}).json()["sessions"]] == [second]


@pytest.mark.usefixtures("without_access_log")
def test_numbers_of_queries_are_constant(api: Client, user: Any, make_session: Any, whole: CodingSession) -> None:
    def numbers() -> list[int]:
        counted = []
        for url in (MINE, f"/api/v1/org/sessions/{whole.pk}"):
            with CaptureQueriesContext(connection) as queries:
                assert api.get(url, RANGE).status_code == 200
            counted.append(len(queries))
        return counted

    before = numbers()
    for number in range(60):
        make_session(user, git_info={"path": f"acme/{number}"}, models=MODELS, cost_usd=None, recap=RECAP)
    assert numbers() == before


# ORG_ANALYTICS_SESSION_URL -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "url"),
    [
        ("/sessions/5f0c", "/sessions/5f0c"),
        ("https://example.com/s?id=1#top", "https://example.com/s?id=1#top"),
        ("http://example.com/é", "http://example.com/%C3%A9"),
        (None, None),
        ("", None),
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)", None),
        (" javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("//evil.example/x", None),
        ("ftp://example.com", None),
        ("https://user:password@example.com/", None),
        ("relative/path", None),
        (5, None),
        (ValueError("the canary title"), None),
    ],
)
def test_the_hosts_own_address_of_a_session_is_shown_if_it_is_safe(
    api: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    whole: CodingSession,
    returned: Any,
    url: str | None,
) -> None:
    def url_of(session: CodingSession, request: Any) -> Any:
        assert (session.pk, request.user.email) == (whole.pk, "ann@example.com")
        if isinstance(returned, Exception):
            raise returned
        return returned

    monkeypatch.setattr("tests.hosts.session_url", url_of, raising=False)
    settings.ORG_ANALYTICS_SESSION_URL = "tests.hosts.session_url"

    answer = api.get(f"/api/v1/org/sessions/{whole.pk}").json()

    assert answer.get("url") == url
    assert ("ORG_ANALYTICS_SESSION_URL" in caplog.text) == (url is None and returned is not None)
    assert "canary" not in caplog.text


def test_a_session_is_shown_also_if_the_callable_cannot_be_imported(
    api: Client, settings: Any, caplog: pytest.LogCaptureFixture, whole: CodingSession
) -> None:
    settings.ORG_ANALYTICS_SESSION_URL = "nowhere.session_url"

    answer = api.get(f"/api/v1/org/sessions/{whole.pk}").json()

    assert "url" not in answer
    assert "ImproperlyConfigured" in caplog.text
