"""Our endpoints in a host's own schema: with drf-spectacular, and without."""

from importlib.util import find_spec
from typing import Any

import pytest
from django.urls import include, path
from openapi_spec_validator import validate
from rest_framework.authentication import BaseAuthentication
from rest_framework.schemas.generators import EndpointEnumerator

from org_analytics.api.schema.document import ENDPOINTS, all_schemas
from org_analytics.urls import api_urlpatterns
from tests import hosts

pytestmark = pytest.mark.skipif(not find_spec("drf_spectacular"), reason="drf-spectacular is not installed")
AUTO_SCHEMA = "drf_spectacular.openapi.AutoSchema"


class SignedHeader(BaseAuthentication):
    """An authenticator that drf-spectacular does not know."""


@pytest.fixture
def host(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`host(DEFAULT_SCHEMA_CLASS=…)`: from here on in a host with these REST framework settings."""
    return lambda **values: hosts.rest_framework(settings, monkeypatch, **values)


@pytest.fixture(params=["3.0.3", "3.1.1"])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    from drf_spectacular.settings import spectacular_settings

    monkeypatch.setattr(spectacular_settings, "OAS_VERSION", request.param)
    return str(request.param)


def generated(patterns: list[Any] = api_urlpatterns) -> tuple[dict[str, Any], list[str]]:
    """The schema that drf-spectacular makes of these URLs, and its warnings."""
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    schema = SchemaGenerator(patterns=patterns).get_schema(public=True)
    return schema, [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]


def test_each_endpoint_is_in_the_hosts_schema_without_a_warning(version: str, host: Any) -> None:
    host(DEFAULT_SCHEMA_CLASS=AUTO_SCHEMA)

    schema, warnings = generated()

    assert warnings == []
    validate(schema)
    assert set(schema["paths"]) == {endpoint.path for endpoint in ENDPOINTS}
    assert set(schema["components"]["schemas"]) == {f"OrgAnalytics{name}" for name in all_schemas()}


def test_null_is_said_in_the_words_of_the_hosts_version(version: str, host: Any) -> None:
    host(DEFAULT_SCHEMA_CLASS=AUTO_SCHEMA)

    schemas = generated()[0]["components"]["schemas"]

    ended, cost = (schemas["OrgAnalyticsSession"]["properties"][name] for name in ("ended_at", "cost_usd"))
    if version == "3.1.1":
        assert ended["type"] == ["string", "null"]
        assert {"type": "null"} in cost["anyOf"]
    else:
        assert (ended["type"], ended["nullable"]) == ("string", True)
        assert (len(cost["anyOf"]), cost["nullable"]) == (2, True)


def test_operations_name_the_hosts_authentication(host: Any) -> None:
    host(
        DEFAULT_SCHEMA_CLASS=AUTO_SCHEMA,
        DEFAULT_AUTHENTICATION_CLASSES=["rest_framework.authentication.SessionAuthentication"],
    )

    schema, _warnings = generated()

    assert schema["paths"]["/api/v1/org/repos"]["get"]["security"] == [{"cookieAuth": []}]


def test_an_authenticator_that_the_generator_does_not_know_is_no_warning_of_ours(host: Any) -> None:
    host(
        DEFAULT_SCHEMA_CLASS=AUTO_SCHEMA,
        DEFAULT_AUTHENTICATION_CLASSES=["tests.api.test_host_schema.SignedHeader"],
    )

    schema, warnings = generated()

    assert warnings == []
    assert "security" not in schema["paths"]["/api/v1/org/repos"]["get"]


def test_an_api_that_is_mounted_twice_has_distinct_operations(host: Any) -> None:
    host(DEFAULT_SCHEMA_CLASS=AUTO_SCHEMA)
    mounted = [path(prefix, include((api_urlpatterns, prefix))) for prefix in ("", "team-a/")]

    schema, warnings = generated(mounted)

    assert warnings == []
    assert {f"/team-a{endpoint.path}" for endpoint in ENDPOINTS} < set(schema["paths"])
    assert schema["paths"]["/team-a/api/v1/org/repos"]["get"]["operationId"] == "team_a_org_analytics_repos"


def test_a_feature_that_is_off_is_not_in_the_hosts_schema(host: Any, settings: Any) -> None:
    host(DEFAULT_SCHEMA_CLASS=AUTO_SCHEMA)
    settings.ENABLE_ORG_ANALYTICS = False

    schema, warnings = generated()

    assert (schema["paths"], schema["components"], warnings) == ({}, {}, [])


def test_other_generators_leave_the_endpoints_out(host: Any) -> None:
    host()

    assert EndpointEnumerator(patterns=api_urlpatterns).get_api_endpoints() == []
    assert {url.callback.cls.schema for url in api_urlpatterns} == {None}
