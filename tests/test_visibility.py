"""Visibility of single sessions as one matrix: flag × sharing × kind of user × whose session × URL × method.

A new URL that shows single sessions is one more entry of `URLS`.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from org_analytics.models import CodingSession, SessionRecap
from org_analytics.urls import urlpatterns
from tests.questions import NOW, RANGE

# `{person}` is the id of the owner, `{session}` that of the session.
URLS = [
    "/api/v1/org/people/{person}/sessions",
    "/api/v1/org/sessions/{session}",
    "/organization/sessions/{session}",
]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]
READING = {"GET", "HEAD"}
ALLOWED = {*READING, "OPTIONS"}
STRANGERS = ["anonymous", "inactive", "outside the domain", "not a member"]
READERS = ["owner", "other member", "staff", "superuser"]
OWNED = ["own", "another's", "of one who left", "of one who is not a member"]
MALFORMED = [
    "",
    "0",
    "-1",
    "+1",
    "007",
    "1_0",
    "1.0",
    "1e3",
    " 1",
    "1 ",
    "1\n",
    "٣",
    "x",
    "é",
    "\0",
    "a/b",
    "..",
    "9" * 19,
    "9" * 40,
]
MALFORMED += ["None", "null", "me/me", "sessions", "\\", "%", "?", "#", "<script>", "x" * 2_000]
MISSING = ["unknown", *MALFORMED]
CANARY = "canary"

pytestmark = pytest.mark.django_db


def is_page(url: str) -> bool:
    return not url.startswith("/api/")


@pytest.fixture
def people(request: pytest.FixtureRequest, make_user: Any, make_session: Any, settings: Any) -> dict[str, Any]:
    """The people by kind, each with one session that has a title and a recap."""
    settings.ALLOWED_EMAIL_DOMAINS = ["example.com", "left.example"]
    settings.ORG_ANALYTICS_MEMBERS = "tests.hosts.without_customers"
    found = {
        "owner": request.getfixturevalue("user"),
        "other member": make_user("other@example.com"),
        "staff": request.getfixturevalue("staff"),
        "superuser": request.getfixturevalue("superuser"),
        "inactive": request.getfixturevalue("inactive"),
        "outside the domain": make_user("eve@outside.example"),
        "not a member": make_user("customer@example.com"),
    }
    for person in found.values():
        recap = {"recap": f"{CANARY} recap", "went_well": [f"{CANARY} item"], "computed_at": NOW}
        make_session(person, title=f"{CANARY} title", recap=recap)
    return found


@pytest.fixture
def client_as(people: dict[str, Any], client_of: Callable[[Any], Client]) -> Callable[[str], Client]:
    """`client_as("owner")`: a browser in which that person is logged in."""
    return lambda kind: Client() if kind == "anonymous" else client_of(people[kind])


@pytest.fixture
def ids(people: dict[str, Any]) -> Callable[[str, str], dict[str, str]]:
    """`ids("owner", "another's")`: the ids that a path of such a target has, seen by such a user."""

    def find(kind: str, target: str) -> dict[str, str]:
        if target == "unknown":
            return {"person": "9" * 15, "session": "9" * 15}
        if target not in OWNED:
            return {"person": target, "session": target}
        other = "owner" if kind != "owner" else "other member"
        own = kind if kind in people else other
        owner = people[dict(zip(OWNED, [own, other, "inactive", "not a member"], strict=True))[target]]
        return {"person": str(owner.pk), "session": str(owner.coding_sessions.get().pk)}

    return find


def send(client: Client, method: str, url: str, ids: dict[str, str]) -> Any:
    path = url.format(**{name: quote(value, safe="/") for name, value in ids.items()})
    return client.generic(method, path, b"{}", content_type="application/json")


def wanted_status(kind: str, target: str, method: str, url: str, *, shares: bool) -> int:
    if kind in {"anonymous", "inactive"}:
        return 302 if is_page(url) else 401
    if kind in STRANGERS:
        return 403
    if method not in ALLOWED:
        return 405
    if method not in READING or target == "own" or (target == "another's" and shares):
        return 200
    return 404


def body_of(response: Any, ids: dict[str, str]) -> bytes:
    """The body without what may differ: tokens against forged requests, and the ids that were asked for."""
    body = re.sub(rb'(csrf[^>]*value=|"csrf_token": )"[^"]*"', rb"\1", response.content)
    for value in sorted(set(ids.values()) - {""}, key=len, reverse=True):
        for form in {value, quote(value, safe="/"), quote(quote(value, safe="/"))}:
            # A shorter one is part of the markup too.
            body = body.replace(form.encode(), b"ID") if len(form) > 2 else body
    return body


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("shares", [False, True], ids=["not shared", "shared"])
@pytest.mark.parametrize("kind", [*STRANGERS, *READERS])
def test_each_kind_of_user_gets_what_is_theirs(
    kind: str, shares: bool, url: str, client_as: Any, ids: Any, settings: Any
) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = shares
    client = client_as(kind)

    for target in [*OWNED, *MISSING]:
        for method in METHODS if target in OWNED else ALLOWED:
            status = send(client, method, url, ids(kind, target)).status_code
            assert status == wanted_status(kind, target, method, url, shares=shares), (target, method)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("kind", ["anonymous", "owner", "superuser"])
def test_nothing_is_there_while_the_feature_is_off(
    kind: str, url: str, client_as: Any, ids: Any, settings: Any
) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
    settings.ENABLE_ORG_ANALYTICS = False
    client = client_as(kind)

    for target in [*OWNED, *MISSING]:
        for method in METHODS:
            assert send(client, method, url, ids(kind, target)).status_code == 404, (target, method)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("kind", READERS)
def test_not_shared_left_unknown_and_malformed_have_the_same_answer(
    kind: str, url: str, client_as: Any, ids: Any
) -> None:
    client = client_as(kind)
    answers = {}
    for target in [*OWNED[1:], *MISSING]:
        response = send(client, "GET", url, ids(kind, target))
        assert response.status_code == 404
        answers[target] = body_of(response, ids(kind, target)), sorted(response.headers.items())

    if not is_page(url):
        assert answers["unknown"][0] == b'{"error": "Not found"}'
    assert [target for target, answer in answers.items() if answer != answers["unknown"]] == []


@pytest.mark.parametrize("value", ["TRUE", "1", 1, "yes", "", None, False])
@pytest.mark.parametrize("url", URLS)
def test_sharing_is_on_only_for_true(url: str, value: Any, client_as: Any, ids: Any, settings: Any) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = value

    assert send(client_as("superuser"), "GET", url, ids("superuser", "another's")).status_code == 404


def test_sharing_is_read_from_the_environment_if_the_setting_is_absent(
    client_as: Any, ids: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def status() -> int:
        code: int = send(client_as("owner"), "GET", URLS[1], ids("owner", "another's")).status_code
        return code

    monkeypatch.setenv("SHARE_ALL_SESSIONS_TO_AUTHENTICATED", "true")
    assert status() == 200
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = False
    assert status() == 404


def test_a_malformed_id_is_not_another_spelling_of_a_known_one(client_as: Any, people: dict[str, Any]) -> None:
    client = client_as("owner")
    pk = people["owner"].coding_sessions.get().pk

    for text in (f"0{pk}", f"+{pk}", f"{pk} ", f" {pk}", f"{pk}.0", f"{pk}/", f"{pk}\n", f"{pk}_"):
        assert send(client, "GET", URLS[1], {"session": text}).status_code == 404, text


# Titles and recaps stay where they belong ---------------------------------------------------------------------------


def bodies(client: Client, ids: Collection[object] = ("me",), **query: str) -> Iterator[tuple[str, bytes]]:
    """The answer of each address of the app to this client, for each of these ids where an address has one."""
    paths = {re.sub(r"<\w+:id>", str(pk), f"/{pattern.pattern}"): None for pk in ids for pattern in urlpatterns}
    for path in paths:
        response = client.get(path, {**({} if is_page(path) else RANGE), **query})
        yield path, b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize(
    "query", [{}, {"q": CANARY}, {"o": "title"}, {"group": "repo", "range": "90d"}, {"group": "model", "compare": "1"}]
)
def test_no_answer_about_others_has_a_title_or_a_recap(
    client_as: Any, people: dict[str, Any], freeze_now: Any, query: dict[str, str]
) -> None:
    freeze_now(NOW)
    people["other member"].coding_sessions.all().delete()
    ids = ["me", *(person.pk for person in people.values()), *CodingSession.objects.values_list("pk", flat=True)]

    for path, body in bodies(client_as("other member"), ids, **query):
        text = body.replace(f'value="{CANARY}"'.encode(), b"").replace(f"q={CANARY}".encode(), b"")
        assert f"{CANARY} ".encode() not in text, path


def test_the_canaries_would_be_seen(client_as: Any, people: dict[str, Any], freeze_now: Any) -> None:
    freeze_now(NOW)
    session = people["owner"].coding_sessions.get().pk

    found = {path for path, body in bodies(client_as("owner"), ["me", session]) if f"{CANARY} ".encode() in body}

    assert found >= {"/organization/me", f"/organization/sessions/{session}", f"/api/v1/org/sessions/{session}"}


@pytest.mark.parametrize("path", ["/organization.csv", "/organization.json", "/api/v1/org/analytics"])
def test_downloads_and_sums_have_no_title_and_no_recap_of_the_reader_either(
    client_as: Any, settings: Any, freeze_now: Any, path: str
) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
    freeze_now(NOW)

    assert CANARY.encode() not in dict(bodies(client_as("owner")))[path]


def test_a_search_for_people_does_not_find_titles_and_recaps(client_as: Any, freeze_now: Any) -> None:
    freeze_now(NOW)

    page = client_as("owner").get("/organization", {"q": CANARY})

    assert page.context["rows"] == []


def test_no_log_no_error_and_no_name_has_a_title_or_a_recap(
    client_as: Any, people: dict[str, Any], make_session: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "django.db.backends")  # a host that logs its SQL logs its data
    bad = {"recap": f"{CANARY}\0", "went_well": [{"text": CANARY * 1_000, "tone": 1}], "computed_at": CANARY}
    row = {"provider": "codex", "external_id": "x", "started_at": NOW.isoformat(), "title": f"{CANARY}\n", "recap": bad}
    client = client_as("owner")

    with pytest.raises(ValidationError) as refused:
        CodingSession.objects.record(user=people["owner"], **row)
    answer = client.post("/api/v1/org/sessions", {"sessions": [row]}, content_type="application/json")
    list(bodies(client))

    assert CANARY not in str(refused.value)
    assert answer.json()["results"][0]["status"] == "invalid"
    assert CANARY.encode() not in answer.content
    assert CANARY not in caplog.text
    for stored in (*CodingSession.objects.all(), *SessionRecap.objects.all()):
        assert CANARY not in f"{stored} {stored!r}"
