"""The OpenAPI document: true to the code, valid, and obeyed by every answer."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_script_prefix
from django.urls import URLPattern, include, path
from openapi_spec_validator import validate

import org_analytics
from org_analytics.api.filters import AnalyticsFilters, BreakdownFilters, ReposFilters, SeriesFilters, SessionsFilters
from org_analytics.api.schema.document import ENDPOINTS
from org_analytics.models import CodingSession, recap_validation, validation
from org_analytics.reporting.groups import Grouping
from org_analytics.urls import api_urlpatterns
from tests import conformance
from tests.api.test_contract import FAILURES
from tests.questions import ANALYTICS, NOW, RANGE, REPOS
from tests.schema_validation import answer_schema, document, mistakes

SCHEMA = "/api/v1/org/schema"
SERIES = "/api/v1/org/series"
BREAKDOWN = "/api/v1/org/breakdown"
PERSON = "/api/v1/org/people/{id}"
SESSIONS = "/api/v1/org/sessions"
SESSION = "/api/v1/org/sessions/{id}"
PERSON_SESSIONS = "/api/v1/org/people/{id}/sessions"
DOCS = Path(org_analytics.__file__).parent.parent / "docs"

# The API below a path of the host's.
urlpatterns = [path("intern/", include("org_analytics.urls"))]

pytestmark = pytest.mark.core


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path_, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path_}", operation


def schemas() -> dict[str, Any]:
    return document()["components"]["schemas"]


# The document -------------------------------------------------------------------------------------------------------


def test_document_is_valid_openapi_3_1_and_says_so_first() -> None:
    assert next(iter(document().items())) == ("openapi", "3.1.1")
    validate(json.loads(json.dumps(document())))


@pytest.mark.skipif(not DOCS.exists(), reason="the docs are not beside the package")
def test_file_in_the_docs_is_the_document() -> None:
    # After a change: make schema
    assert json.loads((DOCS / "openapi.json").read_text(encoding="utf-8")) == json.loads(json.dumps(document()))


@pytest.mark.skipif(not find_spec("scripts"), reason="the scripts are not beside the package")
def test_reference_in_the_docs_is_made_from_the_document() -> None:
    # After a change: make schema
    from scripts.api_reference import document_text, reference_text

    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == document_text(document())
    assert (DOCS / "api-reference.md").read_text(encoding="utf-8") == reference_text(document())


def path_of(url: URLPattern) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{url.pattern}")


def test_paths_and_methods_are_those_that_are_served() -> None:
    served = {(path_of(url), method) for url in api_urlpatterns for method in set(url.callback.actions) - {"head"}}
    assert {(endpoint.path, endpoint.method) for endpoint in ENDPOINTS} == served


@pytest.mark.parametrize(
    ("path_", "filters"),
    [
        (ANALYTICS, AnalyticsFilters),
        (REPOS, ReposFilters),
        (SERIES, SeriesFilters),
        (BREAKDOWN, BreakdownFilters),
        (PERSON, AnalyticsFilters),
        (PERSON_SESSIONS, SessionsFilters),
    ],
)
def test_parameters_are_those_that_are_read(path_: str, filters: type[ReposFilters]) -> None:
    parameters = document()["paths"][path_]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters if parameter["in"] == "query"] == list(filters.base_filters)


def test_fields_of_a_row_are_those_that_are_read() -> None:
    assert set(schemas()["Session"]["properties"]) == set(validation._CLEANERS) - {"user", "user_id"}
    assert schemas()["Session"]["required"] == list(validation._REQUIRED)
    assert set(schemas()["WrittenRecap"]["properties"]) == set(recap_validation._CLEANERS)
    assert set(schemas()["ModelUsage"]["properties"]) == set(validation._USAGE_CLEANERS)
    assert schemas()["ModelUsage"]["required"] == list(validation._USAGE_REQUIRED)


def test_messages_are_those_of_the_views() -> None:
    said = {endpoint.name: endpoint.failure for endpoint in ENDPOINTS}
    views = {url.callback.cls for url in api_urlpatterns}
    assert sorted(said.values()) == sorted(message for view in views for message in view.failure_messages.values())
    messages = next(endpoint.errors[400] for endpoint in ENDPOINTS if endpoint.path == ANALYTICS)
    assert set(messages.values()) == {
        *(message for _query, message in FAILURES),
        *("Too many parameters", "Invalid team", "Invalid person"),
    }


def test_every_object_of_an_answer_has_no_other_keys() -> None:
    open_objects = {name for name, schema in schemas().items() if schema.get("additionalProperties") is not False}
    assert {name for name in open_objects if schemas()[name].get("type") == "object"} == {"OpenAPI"}


def test_keys_of_the_contract_are_required() -> None:
    analytics = ["computed_at", "date_range", "providers_present", "users", "totals", "coverage"]
    usage = ["session_count", "total_cost_usd", "total_duration_ms", "total_assistant_time_ms", "total_user_time_ms"]
    assert schemas()["Analytics"]["required"] == analytics
    assert schemas()["UserUsage"]["required"] == ["user", *usage, "avg_cost_usd"]
    assert schemas()["Usage"]["required"] == [*usage, "avg_cost_usd"]
    assert schemas()["User"]["required"] == ["id", "email"]
    assert schemas()["Coverage"]["required"] == list(schemas()["Coverage"]["properties"])
    assert schemas()["Repos"]["required"] == ["computed_at", "date_range", "repos"]


def examples_of(content: dict[str, Any]) -> list[Any]:
    [media] = content.values()
    return [example["value"] for example in media.get("examples", {}).values()] or [media["example"]]


def test_every_example_is_what_its_schema_says() -> None:
    wrong = []
    for name, operation in operations():
        for status, response in operation["responses"].items():
            [media] = response["content"].values()
            wrong += [(name, status, mistakes(value, media["schema"])) for value in examples_of(response["content"])]
        for parameter in operation.get("parameters", []):
            value = parameter.get("example", parameter["schema"].get("default", ""))
            wrong.append((name, parameter["name"], mistakes(value, parameter["schema"])))
    body = schemas()["Sessions"]
    wrong.append(("body", "", mistakes(body["example"], body)))
    assert [mistake for mistake in wrong if mistake[2]] == []


# The endpoint -------------------------------------------------------------------------------------------------------


def test_endpoint_returns_the_document_without_a_query_of_its_own(api: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):  # the session and the user
        answer = api.get(SCHEMA)

    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    assert answer.json() == json.loads(json.dumps(document()))


@pytest.mark.urls("tests.api.test_schema")
@pytest.mark.parametrize(("prefix", "server"), [("/", "/intern"), ("/stats/", "/stats/intern")])
def test_document_names_the_address_where_the_api_is_mounted(api: Client, prefix: str, server: str) -> None:
    with override_script_prefix(prefix):
        answer = api.get(f"/intern{SCHEMA}")

    assert answer.json()["servers"] == [{"url": server}]


# Answers ------------------------------------------------------------------------------------------------------------


def test_every_recorded_request_is_answered_as_the_schema_says(
    recorded: dict[str, Any], client_of: Any, django_user_model: Any
) -> None:
    client = client_of(django_user_model.objects.filter(is_active=True).first())
    wrong = []
    for request in recorded["requests"]:
        answer = client.get(f"{request['path']}?{request['query']}")
        if found := mistakes(answer.json(), answer_schema(request["path"], answer.status_code)):
            wrong.append((request, found))

    assert recorded["requests"]
    assert wrong == []


@pytest.mark.parametrize("name", conformance.NAMES)
def test_series_of_the_recorded_people_are_as_the_schema_says(
    name: str, db: None, client_of: Any, django_user_model: Any
) -> None:
    recorded = conformance.load(name)
    client = client_of(django_user_model.objects.filter(is_active=True).first())
    query = recorded["requests"][0]["query"]
    for interval in ("day", "week"):
        answer = client.get(f"{SERIES}?{query}&interval={interval}")
        assert mistakes(answer.json(), answer_schema(SERIES, 200)) == []


def test_unknown_values_and_odd_names_are_as_the_schema_says(
    api: Client, user: Any, make_user: Any, make_session: Callable[..., CodingSession]
) -> None:
    make_user("nameless@example.com", "")
    unknown = {"cost_usd": None, "duration_ms": None, "assistant_ms": None, "user_ms": None}
    make_session(user, **unknown, title="A title", git_info={"path": "acme/Ärger"})
    make_session(user, provider="opencode", analyzed=False)
    for path_ in (ANALYTICS, REPOS, SERIES):
        assert mistakes(api.get(path_, RANGE).json(), answer_schema(path_, 200)) == []


def test_an_empty_organization_is_as_the_schema_says(api: Client) -> None:
    for path_ in (ANALYTICS, BREAKDOWN, REPOS, SERIES, SCHEMA):
        assert mistakes(api.get(path_).json(), answer_schema(path_, 200)) == []


def test_sessions_with_everything_and_with_nothing_are_as_the_schema_says(
    api: Client, user: Any, make_session: Callable[..., CodingSession], settings: Any
) -> None:
    settings.ORG_ANALYTICS_SESSION_URL = "tests.api.test_schema.session_address"
    recap = {"recap": "Went well.", "computed_at": NOW, "went_well": ["a", {"text": "b", "message_id": "m"}]}
    models = [
        {**dict.fromkeys(validation._USAGE_REQUIRED), "model": "m"},
        {**dict.fromkeys(validation._USAGE_REQUIRED, 1), "model": "n", "cost_usd": "1.5"},
    ]
    full = make_session(
        user, title="T", git_info={"path": "a/b"}, ended_at=NOW, recap=recap, models=models, cost_usd=None
    )
    unknown = {"cost_usd": None, "duration_ms": None, "assistant_ms": None, "user_ms": None}
    empty = make_session(user, **unknown, analyzed=False)

    listed = api.get(PERSON_SESSIONS.format(id="me"), RANGE).json()
    details = [api.get(SESSION.format(id=session.pk)).json() for session in (full, empty)]

    assert len(listed["sessions"]) == 2
    assert mistakes(listed, answer_schema(PERSON_SESSIONS, 200)) == []
    assert [mistakes(detail, answer_schema(SESSION, 200)) for detail in details] == [[], []]
    properties = schemas()["SessionDetail"]["properties"]
    assert set(details[0]) == set(properties)
    assert set(details[1]) >= set(schemas()["SessionDetail"]["required"])


def session_address(session: CodingSession, request: Any) -> str:
    return f"https://example.com/{session.pk}"


@pytest.mark.parametrize("grouping", Grouping)
def test_breakdowns_are_as_the_schema_says(
    api: Client, user: Any, join: Any, make_session: Callable[..., CodingSession], grouping: Grouping
) -> None:
    join(user, "Core")
    models = [{**dict.fromkeys(validation._USAGE_REQUIRED), "model": "m", "requests": 1, "cost_usd": "1.5"}]
    session = make_session(user, models=models, cost_usd=None, git_info={"path": "a/b"})
    make_session(user, duration_ms=None)
    CodingSession.objects.filter(pk=session.pk).update(cost_usd=0)  # below its models

    answer = api.get(BREAKDOWN, {**RANGE, "group_by": grouping}).json()

    assert answer["rows"]
    assert mistakes(answer, answer_schema(BREAKDOWN, 200)) == []
    assert mistakes(api.get(PERSON.format(id="me"), RANGE).json(), answer_schema(PERSON, 200)) == []


def test_prices_are_as_the_schema_says(api: Client, settings: Any) -> None:
    settings.ORG_ANALYTICS_PRICES = {"m": {"input": 1, "output": "2.5", "cache_write": "0", "from": "2026-01-01"}}
    path_ = "/api/v1/org/prices"
    assert mistakes(api.get(path_).json(), answer_schema(path_, 200)) == []


def test_results_of_writing_are_as_the_schema_says(api: Client) -> None:
    row = {"provider": "codex", "external_id": "1", "started_at": datetime(2026, 6, 1, tzinfo=UTC).isoformat()}
    statuses = set()
    for rows in ([row], [row], [{**row, "title": "new"}, {}, 5, {**row, "models": [{}, 5]}, {**row, "x": 1}]):
        answer = api.post(SESSIONS, {"sessions": rows}, content_type="application/json").json()
        statuses |= {result["status"] for result in answer["results"]}
        assert mistakes(answer, answer_schema(SESSIONS, 200, "post")) == []

    assert statuses == {"created", "updated", "unchanged", "invalid"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("{}", "application/json", 400), ("{}", "text/plain", 415), (" " * (2**21 + 1), "application/json", 413)],
)
def test_refusals_of_writing_are_as_the_schema_says(api: Client, body: str, content_type: str, status: int) -> None:
    answer = api.post(SESSIONS, body, content_type=content_type)

    assert answer.status_code == status
    assert mistakes(answer.json(), answer_schema(SESSIONS, status, "post")) == []


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_refusals_have_the_headers_that_the_schema_requires(
    endpoint: Any, api: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ORG_ANALYTICS_TOKEN_URL = "/account/token"
    asked = endpoint.path.format(id="me")
    answers = [getattr(Client(), endpoint.method)(asked), api.delete(asked)]
    settings.ORG_ANALYTICS_THROTTLE_RATES = {"read": "1/day", "write": "1/day"}
    answers += [getattr(api, endpoint.method)(asked) for _ in range(2)][1:]
    settings.ENABLE_ORG_ANALYTICS = False
    answers.append(getattr(api, endpoint.method)(asked))

    assert [answer.status_code for answer in answers] == [401, 405, 429, 404]
    for answer in answers:
        assert mistakes(answer.json(), answer_schema(endpoint.path, answer.status_code, endpoint.method)) == []
        responses = document()["paths"][endpoint.path][endpoint.method]["responses"]
        headers = responses[str(answer.status_code)]["headers"]
        assert {name for name, header in headers.items() if header.get("required")} <= answer.headers.keys()
        assert ("Link" in headers) == answer.has_header("Link")
