"""`POST /api/v1/org/sessions`: developers' machines send their rows."""

import base64
import gzip
import io
import json
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection
from django.test import AsyncClient, Client, override_settings
from django.test.client import ClientHandler
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.throttling import UserRateThrottle

from org_analytics.api.views import SessionsViewSet
from org_analytics.models import CodingSession, ModelUsage
from tests.users import create_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]

URL = "/api/v1/org/sessions"
ROW = {"provider": "claude-code", "external_id": "s1", "started_at": "2026-06-01T10:00:00Z"}
OPUS = {
    "model": "opus",
    "requests": 2,
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_write_tokens": 30,
    "cache_read_tokens": 40,
    "cost_usd": "0.051233",
}
FULL = {
    **ROW,
    "ended_at": "2026-06-01T11:00:00.123456Z",
    "title": "Fix it",
    "git_info": {
        "repo_url": "ann/api",
        "tracking_remote": "upstream",
        "remotes": [{"name": "upstream", "fetch_url": "acme/api"}],
    },
    "cost_usd": "0.051233",
    "cost_complete": True,
    "duration_ms": 60_000,
    "assistant_ms": 40_000,
    "user_ms": 10_000,
    "models": [OPUS],
}
MIB = 1024 * 1024

Post = Callable[..., Any]


@pytest.fixture
def post(api: Client) -> Post:
    """`post(row, …)`, `post(body=…, …)`: send rows, or any body, as the plain user; extra keywords go to the client."""

    def send(*rows: Any, body: bytes | None = None, content_type: str = "application/json", **extra: Any) -> Any:
        sent = json.dumps({"sessions": rows}).encode() if body is None else body
        return api.post(URL, sent, content_type=content_type, **extra)

    return send


def statuses(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [result["status"] for result in response.json()["results"]]


def only_error(response: Any) -> tuple[int, str]:
    assert list(response.json()) == ["error"]
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.json()["error"]


# What is written


def test_a_row_becomes_the_callers_session(post: Post, user: Any) -> None:
    response = post(FULL)
    assert response.json() == {"results": [{"index": 0, "status": "created"}]}
    assert response["Cache-Control"] == "no-store"
    session = CodingSession.objects.get()
    assert session.user == user
    assert (session.title, session.cost_usd, session.cost_complete) == ("Fix it", Decimal("0.051233"), True)
    assert (session.duration_ms, session.assistant_ms, session.user_ms) == (60_000, 40_000, 10_000)
    assert (session.repo.path, session.repo.root.path) == ("ann/api", "acme/api")
    assert session.analyzed_at is not None
    assert session.model_usage.get().cache_read_tokens == 40


def test_sending_again_changes_nothing_and_a_change_is_an_update(post: Post) -> None:
    post(FULL)
    assert statuses(post(FULL)) == ["unchanged"]
    assert statuses(post({**FULL, "title": "Fixed"})) == ["updated"]
    assert statuses(post({**FULL, "title": "Fixed", "models": [{**OPUS, "requests": 3}]})) == ["updated"]
    assert (CodingSession.objects.count(), ModelUsage.objects.count()) == (1, 1)


def test_the_whole_git_info_is_reduced(post: Post) -> None:
    info = {"repo_url": "https://ann:s3cret@example.org/ann/api.git", "branch": "main", "remotes": 5}
    post({**ROW, "git_info": info})
    assert CodingSession.objects.get().repo.path == "ann/api"


def test_a_row_may_be_pending(post: Post) -> None:
    post({**ROW, "analyzed": False})
    assert CodingSession.objects.get().analyzed_at is None


def test_nothing_is_written_of_no_rows(post: Post) -> None:
    assert post().json() == {"results": []}


def test_all_rows_of_one_session_report_the_outcome_of_the_last(post: Post) -> None:
    assert statuses(post({**ROW, "title": "First"}, {**ROW, "title": "Last"})) == ["created", "created"]
    assert CodingSession.objects.get().title == "Last"


def test_nobody_writes_for_another(post: Post, make_user: Any) -> None:
    other = make_user()
    CodingSession.objects.record(user=other, **{**ROW, "title": "Theirs"})
    response = post({**ROW, "user": other.pk if isinstance(other.pk, int) else str(other.pk)}, {**ROW, "title": "Mine"})
    assert response.json()["results"] == [
        {"index": 0, "status": "invalid", "errors": {"user": ["Unknown field: the sessions are the caller's."]}},
        {"index": 1, "status": "created"},
    ]
    assert other.coding_sessions.get().title == "Theirs"


# Bad rows


def test_a_bad_row_does_not_stop_the_others_and_all_its_fields_are_named(post: Post) -> None:
    bad = {**ROW, "external_id": "", "duration_ms": -1, "cost": 1, "models": [{**OPUS, "requests": -1}]}
    results = post({**ROW, "external_id": "a"}, bad, {**ROW, "external_id": "b"}).json()["results"]
    assert [result["status"] for result in results] == ["created", "invalid", "created"]
    assert results[1] == {
        "index": 1,
        "status": "invalid",
        "errors": {
            "external_id": ["Must have 1 to 512 characters."],
            "duration_ms": ["Must be between 0 and 366 days."],
            "cost": ["Unknown field."],
            "models": ["[0].requests: Must be a whole number from 0 to 2^53 - 1."],
        },
    }
    assert set(CodingSession.objects.values_list("external_id", flat=True)) == {"a", "b"}


BAD_ROWS = {
    "null": (None, "row"),
    "a list": ([], "row"),
    "empty": ({}, "provider"),
    "naive start": ({**ROW, "started_at": "2026-06-01T10:00:00"}, "started_at"),
    "number as start": ({**ROW, "started_at": 1}, "started_at"),
    "unknown provider": ({**ROW, "provider": "windsurf"}, "provider"),
    "provider is a list": ({**ROW, "provider": []}, "provider"),
    "half a character": ({**ROW, "title": "\ud800"}, "title"),
    "NUL": ({**ROW, "external_id": "a\0b"}, "external_id"),
    "cost is NaN": ({**ROW, "cost_usd": "NaN"}, "cost_usd"),
    "cost out of range": ({**ROW, "cost_usd": "1e99999999999999999999"}, "cost_usd"),
    "cost is not the sum": ({**FULL, "cost_usd": "1"}, "cost_usd"),
    "time is text": ({**ROW, "duration_ms": "1"}, "duration_ms"),
    "large integer": ({**ROW, "duration_ms": 10**4000}, "duration_ms"),
    "models is an object": ({**ROW, "models": {}}, "models"),
    "name with half a character": ({**ROW, "\udfff": 1}, "\udfff"),
    "deep value": ({**ROW, "title": json.loads("[" * 200 + "]" * 200)}, "title"),
}


@pytest.mark.parametrize(("row", "field"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_named_by_field(post: Post, row: Any, field: str) -> None:
    (result,) = post(row).json()["results"]
    assert result["status"] == "invalid"
    assert field in result["errors"]
    assert all(isinstance(text, str) for texts in result["errors"].values() for text in texts)


MALFORMED_GIT = [5, "x", [], {"repo_url": 5}, {"repo_url": "a/b", "remotes": [[]], "tracking_remote": []}]


@pytest.mark.parametrize("git_info", MALFORMED_GIT, ids=str)
def test_malformed_git_info_is_accepted(post: Post, git_info: Any) -> None:
    assert statuses(post({**ROW, "git_info": git_info})) == ["created"]


def test_errors_are_english_in_every_locale(post: Post) -> None:
    with override_settings(LANGUAGE_CODE="de"), translation.override("de"):
        (result,) = post({**ROW, "started_at": "x"}, headers={"Accept-Language": "de"}).json()["results"]
        assert result["errors"]["started_at"] == ["Must be a date and time, such as 2026-01-31T12:00:00Z."]
        assert only_error(post(body=b"{")) == (400, "Invalid JSON: Not JSON at character 2.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
FIELDS = {name: st.just(value) | JSON for name, value in FULL.items()}
MODELS = st.lists(
    st.fixed_dictionaries({name: st.just(value) | JSON for name, value in OPUS.items()}) | JSON, max_size=3
)
ROWS = st.fixed_dictionaries({}, optional={**FIELDS, "models": MODELS | JSON, "user": JSON, "analyzed": JSON})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS | JSON, max_size=4))
def test_whatever_json_the_rows_are_each_gets_its_outcome(post: Post, rows: list[Any]) -> None:
    body = json.dumps({"sessions": [*rows, FULL]}).encode()
    results = post(body=body).json()["results"]
    assert [result["index"] for result in results] == list(range(len(rows) + 1))
    assert all(("errors" in result) == (result["status"] == "invalid") for result in results)
    assert results[-1]["status"] in ("created", "updated", "unchanged")


# Bad requests


BAD_BODIES = {
    "blank": b" ",
    "no JSON": b"{",
    "a bare list": json.dumps([ROW]).encode(),
    "null": b"null",
    "no sessions": b"{}",
    "sessions is an object": b'{"sessions": {}}',
    "another key": b'{"sessions": [], "user": 1}',
    "NaN": b'{"sessions": [{"cost_usd": NaN}]}',
    "Infinity": b'{"sessions": [{"cost_usd": -Infinity}]}',
    "endless integer": b'{"sessions": [{"duration_ms": ' + b"9" * 10_000 + b"}]}",
    "endless exponent": b'{"sessions": [{"cost_usd": 1e' + b"9" * 40 + b"}]}",
    "a name twice": b'{"sessions": [{"title": "a", "title": "b"}]}',
    "no UTF-8": b'{"sessions": ["\xff"]}',
    "UTF-16": json.dumps({"sessions": []}).encode("utf-16"),
    "nested too deeply": b'{"sessions": ' + b"[" * 500_000,
    "objects nested too deeply": b'{"sessions": ' + b'{"a":' * 200_000,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_body_that_breaks_the_protocol_is_400(post: Post, body: bytes, packed: bool) -> None:
    extra = {"headers": {"Content-Encoding": "gzip"}} if packed else {}
    status, message = only_error(post(body=gzip.compress(body) if packed else body, **extra))
    assert status == 400
    assert message.startswith(("Invalid JSON: ", "Body must be an object"))


def test_500_rows_pass_and_501_are_400_with_nothing_written(post: Post) -> None:
    rows = [{**ROW, "external_id": f"s{number}"} for number in range(501)]
    assert only_error(post(*rows)) == (400, "sessions exceeds maximum of 500 rows")
    assert not CodingSession.objects.exists()
    assert statuses(post(*rows[:500])) == ["created"] * 500


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
        "",
        "application/json; charset=utf-16",
    ],
)
def test_another_media_type_is_415(post: Post, content_type: str) -> None:
    expected = (415, "Content-Type must be application/json")
    assert only_error(post(body=b'{"sessions": []}', content_type=content_type)) == expected


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON; charset=UTF8"])
def test_json_in_utf_8_may_be_named_so(post: Post, content_type: str) -> None:
    assert post(body=b'{"sessions": []}', content_type=content_type).status_code == 200


@pytest.mark.parametrize("encoding", ["deflate", "br", "gzip, gzip"])
def test_another_encoding_is_415(post: Post, encoding: str) -> None:
    response = post(body=b"x", headers={"Content-Encoding": encoding})
    assert only_error(response) == (415, "Content-Encoding must be gzip or none")


def test_a_media_type_is_looked_at_before_the_size_and_the_size_before_the_content(post: Post) -> None:
    big = b"x" * (2 * MIB + 1)
    assert post(body=big, content_type="text/plain").status_code == 415
    assert post(body=big).status_code == 413


def padded(size: int) -> bytes:
    """A good body of that many bytes."""
    return b'{"sessions": []}'.ljust(size)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1)
def test_the_limit_is_2_mib_whatever_the_host_sets_for_forms(post: Post, packed: bool) -> None:
    extra = {"headers": {"Content-Encoding": "gzip"}} if packed else {}
    bodies = [gzip.compress(padded(size)) if packed else padded(size) for size in (2 * MIB, 2 * MIB + 1)]
    assert post(body=bodies[0], **extra).status_code == 200
    assert only_error(post(body=bodies[1], **extra)) == (413, "Request body too large")


def test_a_gzip_bomb_is_413(post: Post) -> None:
    bomb = gzip.compress(b" " * (200 * MIB), compresslevel=9)
    assert len(bomb) < 2 * MIB
    assert post(body=bomb, headers={"Content-Encoding": "gzip"}).status_code == 413


def test_a_bomb_of_many_members_is_413(post: Post) -> None:
    assert post(body=gzip.compress(b" " * MIB) * 3, headers={"Content-Encoding": "gzip"}).status_code == 413


GOOD_GZIP = gzip.compress(json.dumps({"sessions": [FULL]}).encode(), mtime=0)


def test_gzip_is_unpacked(post: Post) -> None:
    assert statuses(post(body=GOOD_GZIP, headers={"Content-Encoding": "gzip"})) == ["created"]


BAD_GZIPS = {
    "plain": b'{"sessions": []}',
    "head only": GOOD_GZIP[:10],
    "cut": GOOD_GZIP[:-9],
    "without its checksum": GOOD_GZIP[:-4],
    "wrong checksum": GOOD_GZIP[:-8] + b"\0" * 8,
    "damaged": GOOD_GZIP[:20] + b"\xff\xff\xff" + GOOD_GZIP[23:],
    "rubbish behind": GOOD_GZIP + b"rubbish",
}


@pytest.mark.parametrize("body", BAD_GZIPS.values(), ids=BAD_GZIPS)
def test_bad_gzip_is_400_and_writes_nothing(post: Post, body: bytes) -> None:
    assert only_error(post(body=body, headers={"Content-Encoding": "gzip"})) == (400, "Invalid gzip")
    assert not CodingSession.objects.exists()


# The stream, as servers hand it over


@pytest.fixture
def wsgi(make_user: Callable[..., Any]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`wsgi(stream, CONTENT_LENGTH=…)`: a request as a server hands it over; gives status and JSON."""
    basic = make_user("basic@example.com", password="secret")
    credentials = base64.b64encode(f"{basic.get_username()}:secret".encode()).decode()

    def call(stream: Any, **environ: Any) -> tuple[int, dict[str, Any]]:
        usual = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": URL,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Basic {credentials}",
            "wsgi.url_scheme": "http",
            "wsgi.input": stream,
        }
        response = ClientHandler()({**usual, **environ})
        return response.status_code, json.loads(response.content)

    return call


class Trickle(io.RawIOBase):
    """Gives a few bytes at a time, and counts them."""

    def __init__(self, body: bytes, fault: Exception | None = None) -> None:
        self._body = io.BytesIO(body)
        self._fault = fault
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        part = self._body.read(min(size, 1000) if size >= 0 else -1)
        if not part and self._fault:
            raise self._fault
        self.given += len(part)
        return part


def test_a_declared_length_over_the_limit_is_refused_unread(wsgi: Any) -> None:
    stream = Trickle(b"x")
    assert wsgi(stream, CONTENT_LENGTH=str(2 * MIB + 1)) == (413, {"error": "Request body too large"})
    assert wsgi(stream, CONTENT_LENGTH="9" * 5000)[0] == 413
    assert stream.given == 0


def test_a_chunked_body_is_read_to_its_end(wsgi: Any) -> None:
    body = json.dumps({"sessions": [FULL]}).encode()
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert wsgi(Trickle(body), **chunked)[0] == 200
    assert CodingSession.objects.count() == 1


def test_a_chunked_body_over_the_limit_is_413_and_not_read_to_its_end(wsgi: Any) -> None:
    stream = Trickle(b" " * (5 * MIB))
    assert wsgi(stream, **{"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True})[0] == 413
    assert stream.given < 2.2 * MIB


@pytest.mark.parametrize("length", ["", "0", "-1", "many"])
def test_a_body_without_a_usable_length_is_read_as_empty(wsgi: Any, length: str) -> None:
    status, answer = wsgi(Trickle(b'{"sessions": []}'), CONTENT_LENGTH=length)
    assert (status, answer["error"]) == (400, "Invalid JSON: Not JSON at character 1.")


@pytest.mark.parametrize("length", [10, 10_000])
def test_a_length_that_does_not_fit_is_a_cut_body_at_worst(wsgi: Any, length: int) -> None:
    status, _ = wsgi(Trickle(b'{"sessions": []}'), CONTENT_LENGTH=str(length))
    assert status == (400 if length == 10 else 200)


class BadChunk(Exception):
    """An error that only one kind of server raises."""


@pytest.mark.parametrize("environ", [{"CONTENT_LENGTH": "1000"}, {"wsgi.input_terminated": True}], ids=str)
@pytest.mark.parametrize("fault", [ConnectionResetError(), BadChunk()], ids=repr)
def test_a_client_that_goes_away_or_sends_bad_chunks_writes_nothing(
    wsgi: Any, environ: dict[str, Any], fault: Exception
) -> None:
    stream = Trickle(json.dumps({"sessions": [ROW]}).encode(), fault=fault)
    assert wsgi(stream, **environ) == (400, {"error": "Incomplete body"})
    assert not CodingSession.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"), [(GOOD_GZIP, 200), (gzip.compress(b" " * 3 * MIB), 413)], ids=["good", "bomb"]
)
def test_under_asgi_it_is_the_same(user: Any, body: bytes, status: int) -> None:
    client = AsyncClient()
    client.force_login(user)
    post = async_to_sync(client.post)
    response = post(URL, body, content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert response.status_code == status


# The gates


def test_while_off_it_is_404_before_anything_is_read(client: Client) -> None:
    with override_settings(ENABLE_ORG_ANALYTICS=False):
        assert only_error(client.post(URL, b"{", content_type="text/plain")) == (404, "Not found")


def test_the_anonymous_get_401_whatever_they_send(client: Client) -> None:
    response = client.post(URL, b"x" * (3 * MIB), content_type="text/plain")
    assert only_error(response) == (401, "Authentication required")
    assert response["WWW-Authenticate"] == "Session"


@override_settings(ALLOWED_EMAIL_DOMAINS="example.org")
def test_the_domain_list_holds_for_writing_too(post: Post) -> None:
    assert only_error(post(ROW)) == (403, "Email domain not permitted")
    assert not CodingSession.objects.exists()


def test_the_inactive_may_not_write(client_of: Any, inactive: Any) -> None:
    assert client_of(inactive).post(URL, b"{}", content_type="application/json").status_code == 401


class OnePerDay(UserRateThrottle):
    rate = "1/day"


def test_a_throttle_of_the_host_answers_before_the_method_and_the_body(
    api: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionsViewSet, "throttle_classes", [OnePerDay])
    OnePerDay.cache.clear()
    assert statuses(post(ROW)) == ["created"]
    for response in (post(body=b"{"), api.get(URL)):
        assert only_error(response) == (429, "Rate limit exceeded")
        assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete"])
def test_other_methods_are_405(api: Client, method: str) -> None:
    response = getattr(api, method)(URL, content_type="text/plain") if method != "head" else api.head(URL)
    assert response.status_code == 405
    assert response["Allow"] == "POST, OPTIONS"
    assert response["Cache-Control"] == "no-store"


def test_options_say_what_is_allowed(api: Client) -> None:
    response = api.options(URL)
    assert (response.status_code, response["Allow"], response.content) == (200, "POST, OPTIONS", b"")


def test_a_session_login_needs_its_csrf_token(user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    body = json.dumps({"sessions": [ROW]}).encode()
    refused = client.post(URL, body, content_type="application/json")
    assert only_error(refused) == (403, "CSRF verification failed")
    client.cookies["csrftoken"] = token = "a" * 32
    accepted = client.post(URL, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert statuses(accepted) == ["created"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data"]
)
def test_a_csrf_token_in_a_form_is_not_read(user: Any, content_type: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies["csrftoken"] = token = "a" * 32
    form = b"csrfmiddlewaretoken=" + token.encode() + b"&a=" + b"x" * (3 * MIB)
    assert only_error(client.post(URL, form, content_type=content_type)) == (403, "CSRF verification failed")
    named = client.post(URL, form, content_type=content_type, headers={"X-CSRFToken": token})
    assert only_error(named) == (415, "Content-Type must be application/json")


# Failures


def test_an_internal_error_is_500_without_details_and_is_reported(
    api: Client, post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("secret detail")

    monkeypatch.setattr(type(CodingSession.objects), "record_many", fail)
    api.raise_request_exception = False
    assert only_error(post(ROW)) == (500, "Failed to record sessions")
    assert "Internal Server Error" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_failed_request_leaves_nothing(api: Client, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(type(ModelUsage.objects), "replace", fail)
    monkeypatch.setattr("org_analytics.models.retries.RETRIES", 0)
    api.raise_request_exception = False
    assert post({**ROW, "external_id": "s0"}, FULL).status_code == 500
    assert not CodingSession.objects.exists()


def test_a_row_that_the_database_refuses_for_another_reason_is_an_internal_error(
    api: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(type(CodingSession.objects), "record_many", fail)
    api.raise_request_exception = False
    assert only_error(post(ROW)) == (500, "Failed to record sessions")


@pytest.mark.django_db(transaction=True)
def test_an_account_that_goes_meanwhile_is_401(post: Post, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written = type(CodingSession.objects).record_many

    def late(manager: Any, rows: Any, **options: Any) -> Any:
        get_user_model().objects.filter(pk=user.pk).delete()
        return written(manager, rows, **options)

    monkeypatch.setattr(type(CodingSession.objects), "record_many", late)
    assert only_error(post(FULL)) == (401, "Authentication required")
    assert not CodingSession.objects.exists()


# Concurrent requests


def in_threads(work: Callable[[int], Any], count: int) -> list[Any]:
    """What `work(0)`, `work(1)`, … gave, begun together; each thread has its own connection."""
    results: list[Any] = [None] * count
    together = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            together.wait()
            results[number] = work(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_the_same_rows_sent_by_many_at_once_are_written_once(user: Any, client_of: Any) -> None:
    rows = [{**FULL, "external_id": f"s{number}"} for number in range(20)]
    clients = [client_of(user) for _ in range(6)]

    def send(number: int) -> list[str]:
        turned = rows if number % 2 else rows[::-1]
        return statuses(clients[number].post(URL, {"sessions": turned}, content_type="application/json"))

    answers = in_threads(send, len(clients))
    assert all(len(answer) == 20 for answer in answers)
    assert sum(answer.count("created") for answer in answers) == 20
    assert (CodingSession.objects.count(), ModelUsage.objects.count()) == (20, 20)


@pytest.mark.django_db(transaction=True)
def test_different_models_sent_at_once_never_mix(user: Any, client_of: Any) -> None:
    clients = [client_of(user) for _ in range(6)]

    def send(number: int) -> list[str]:
        models = [{**OPUS, "model": f"m{number}-{part}", "cost_usd": None} for part in range(5)]
        row = {**ROW, "title": str(number), "models": models}
        return statuses(clients[number].post(URL, {"sessions": [row]}, content_type="application/json"))

    in_threads(send, len(clients))
    session = CodingSession.objects.get()
    kept = set(session.model_usage.values_list("model", flat=True))
    assert kept == {f"m{session.title}-{part}" for part in range(5)}


@pytest.mark.django_db(transaction=True)
def test_many_people_of_the_same_new_repository_at_once(client_of: Any) -> None:
    clients = [client_of(create_user(f"p{number}@example.com")) for number in range(6)]

    def send(number: int) -> list[str]:
        return statuses(clients[number].post(URL, {"sessions": [FULL]}, content_type="application/json"))

    assert in_threads(send, len(clients)) == [["created"]] * 6
    assert {session.repo.root.path for session in CodingSession.objects.select_related("repo__root")} == {"acme/api"}


def test_a_small_body_full_of_errors_gets_a_short_answer(post: Post) -> None:
    unknown = {f"field{number}": 1 for number in range(1000)}
    response = post({**ROW, **unknown}, {**ROW, "models": [{}] * 100}, {**ROW, "models": [{**OPUS, **unknown}]})
    fields, models, nested = (result["errors"] for result in response.json()["results"])
    assert len(fields) == 10
    assert models["models"][0] == "[0].model: This field is required."
    assert len(models["models"]) < 20
    assert len(nested["models"]) == 10
