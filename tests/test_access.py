"""Access as one matrix: flag × kind of user × URL × method, in ordinary and in hostile hosts.

The URLs are those of `urls.py`, whatever they are.
"""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.test import Client, RequestFactory
from django.urls import URLPattern, reverse_lazy

from org_analytics import access
from org_analytics.reporting import reports
from org_analytics.urls import urlpatterns
from tests import hosts

API = "/api/v1/org/analytics"
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]
KINDS = ["anonymous", "inactive", "plain", "staff", "superuser", "outside the domain", "not a member"]
MEMBERS = ["plain", "staff", "superuser"]
HOSTS = [hosts.plain, hosts.login_required, hosts.hostile]

pytestmark = pytest.mark.django_db


def path_of(pattern: URLPattern) -> str:
    """The path, with the reader as the person of a path that names one."""
    return re.sub(r"<\w+:id>", "me", f"/{pattern.pattern}")


def names_a_session(pattern: URLPattern) -> bool:
    """Whether the path names a session: there is none here. test_visibility.py has those who see one."""
    return path_of(pattern).endswith("sessions/me")


def is_api(pattern: URLPattern) -> bool:
    return path_of(pattern).startswith("/api/")


def allowed_methods(pattern: URLPattern) -> set[str]:
    if is_api(pattern):
        methods = {method.upper() for method in pattern.callback.actions}
        return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return {"GET", "HEAD", "OPTIONS"}


def is_read(pattern: URLPattern) -> bool:
    return "GET" in allowed_methods(pattern)


every_url = pytest.mark.parametrize("pattern", urlpatterns, ids=path_of)
every_api_url = pytest.mark.parametrize("pattern", [pattern for pattern in urlpatterns if is_api(pattern)], ids=path_of)
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(params=HOSTS, ids=lambda host: host.__name__)
def any_host(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request.param(settings, monkeypatch)


@pytest.fixture
def rest_framework(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`rest_framework(DEFAULT_…=…)`: from here on in a host with these settings."""
    return partial(hosts.rest_framework, settings, monkeypatch)


@pytest.fixture
def client_as(settings: Any, request: pytest.FixtureRequest) -> Callable[[str], Client]:
    """`client_as("staff")`: a browser in which such a user is logged in, in a host that so limits who may read."""

    def log_in(kind: str) -> Client:
        settings.ALLOWED_EMAIL_DOMAINS = ["other.example"] if kind == "outside the domain" else ["example.com"]
        if kind == "not a member":
            settings.ORG_ANALYTICS_MEMBERS = "tests.hosts.nobody"
        client = Client()
        if kind != "anonymous":
            names = {"plain": "user", "outside the domain": "user", "not a member": "user"}
            client.force_login(request.getfixturevalue(names.get(kind, kind)))
        return client

    return log_in


def send(client: Client, method: str, pattern: URLPattern) -> Any:
    return client.generic(method, path_of(pattern), b"{}", content_type="application/json")


def wanted_status(kind: str, pattern: URLPattern, method: str) -> int:
    if kind in {"anonymous", "inactive"}:
        return 401 if is_api(pattern) else 302
    if kind not in MEMBERS:
        return 403
    if method in {"GET", "HEAD"} and names_a_session(pattern):
        return 404
    return 200 if method in allowed_methods(pattern) else 405


@pytest.mark.core
@pytest.mark.usefixtures("any_host")
@every_url
@every_kind
def test_on_each_kind_of_user_gets_what_is_theirs(
    kind: str, pattern: URLPattern, client_as: Callable[[str], Client]
) -> None:
    client = client_as(kind)

    answers = {method: send(client, method, pattern).status_code for method in METHODS}

    for method, status in answers.items():
        wanted = wanted_status(kind, pattern, method)
        if wanted == 200 and method not in {"GET", "HEAD", "OPTIONS"}:
            assert status in {200, 400}, method  # got through; `{}` need not make sense there
        else:
            assert status == wanted, method


@pytest.mark.usefixtures("any_host")
@every_url
@every_kind
def test_off_is_404_for_everybody_on_every_method(
    kind: str, pattern: URLPattern, client_as: Callable[[str], Client], settings: Any
) -> None:
    client = client_as(kind)
    settings.ENABLE_ORG_ANALYTICS = False

    for method in METHODS:
        response = send(client, method, pattern)
        assert response.status_code == 404, method
        if is_api(pattern) and method != "HEAD":
            assert response.json() == {"error": "Not found"}
            assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", [hosts.plain, hosts.hostile], ids=lambda host: host.__name__)
@every_url
@every_kind
def test_off_reads_nothing_from_database_session_or_user(
    host: hosts.Host,
    kind: str,
    pattern: URLPattern,
    client_as: Callable[[str], Client],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    host(settings, monkeypatch)
    client = client_as(kind)
    settings.ENABLE_ORG_ANALYTICS = False

    for method in METHODS:
        # What is written may be in a transaction of the host's, with a SAVEPOINT of its own.
        with django_assert_num_queries(0) if is_read(pattern) else nullcontext():
            response = send(client, method, pattern)
        assert not hasattr(response.wsgi_request, "_cached_user")
        # What the session middleware adds where somebody looked at the session.
        assert "Cookie" not in response.headers.get("Vary", "")


@every_url
def test_off_wins_over_a_missing_csrf_token(pattern: URLPattern, user: Any, settings: Any) -> None:
    settings.ENABLE_ORG_ANALYTICS = False
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert send(client, "POST", pattern).status_code == 404


@pytest.mark.usefixtures("any_host")
@every_api_url
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("anonymous", "Authentication required"),
        ("inactive", "Authentication required"),
        ("outside the domain", "Email domain not permitted"),
        ("not a member", "Not a member"),
    ],
)
def test_a_refusal_is_our_json_in_english_whatever_is_accepted(
    kind: str, message: str, pattern: URLPattern, client_as: Callable[[str], Client]
) -> None:
    response = client_as(kind).get(
        f"{path_of(pattern)}?format=csv", headers={"accept": "text/html", "accept-language": "de"}
    )

    assert response.json() == {"error": message}
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response.has_header("WWW-Authenticate") == (response.status_code == 401)


@pytest.mark.usefixtures("any_host")
@every_api_url
def test_a_reader_gets_json_in_english_whatever_is_accepted(
    pattern: URLPattern, client_as: Callable[[str], Client]
) -> None:
    headers = {"accept": "text/html", "accept-language": "de"}
    client = client_as("plain")

    allowed = send(client, "GET", pattern) if is_read(pattern) else None
    refused = client.delete(f"{path_of(pattern)}?format=csv", headers=headers)

    assert allowed is None or (allowed["Content-Type"], type(allowed.json())) == ("application/json", dict)
    assert (refused.status_code, refused.json()) == (405, {"error": "Method not allowed"})
    assert refused["Content-Type"] == "application/json"


@every_api_url
def test_options_is_empty_says_what_is_allowed_and_is_not_cached(
    pattern: URLPattern, client_as: Callable[[str], Client]
) -> None:
    response = send(client_as("plain"), "OPTIONS", pattern)

    assert (response.status_code, response.content) == (200, b"")
    assert set(response["Allow"].split(", ")) == allowed_methods(pattern)
    assert response["Cache-Control"] == "no-store"
    assert not response.has_header("Content-Type")


@every_api_url
def test_405_says_what_is_allowed(pattern: URLPattern, client_as: Callable[[str], Client]) -> None:
    response = send(client_as("plain"), "DELETE", pattern)

    assert set(response["Allow"].split(", ")) == allowed_methods(pattern)


@pytest.mark.parametrize("pattern", [pattern for pattern in urlpatterns if not is_api(pattern)], ids=path_of)
def test_a_page_asks_for_a_login_and_comes_back_to_the_same_view(
    pattern: URLPattern, client_as: Callable[[str], Client], settings: Any
) -> None:
    response = client_as("anonymous").get(f"{path_of(pattern)}?range=30d&provider=codex")

    assert response["Location"] == f"{settings.LOGIN_URL}?next={path_of(pattern)}%3Frange%3D30d%26provider%3Dcodex"


@pytest.mark.parametrize("pattern", [pattern for pattern in urlpatterns if not is_api(pattern)], ids=path_of)
def test_h12_a_deactivated_reader_with_a_session_gets_403_instead_of_a_redirect_loop(
    pattern: URLPattern, client_as: Callable[[str], Client], settings: Any
) -> None:
    """Where the host's backend keeps deactivated users signed in, and its login view sends them back."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    client = client_as("inactive")

    response = client.get(path_of(pattern), follow=True)

    assert (response.status_code, response.redirect_chain) == (403, [])
    assert client.get(path_of(pattern), headers={"hx-request": "true"}).status_code == 403


def test_h12_the_api_asks_a_deactivated_reader_to_authenticate(
    client_as: Callable[[str], Client], settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]

    assert client_as("inactive").get(API).status_code == 401


@every_url
def test_reads_are_in_no_transaction_of_the_hosts(pattern: URLPattern) -> None:
    if is_read(pattern):
        assert pattern.callback._non_atomic_requests == {"default"}


def test_no_api_url_ends_in_a_slash() -> None:
    assert not [path_of(pattern) for pattern in urlpatterns if is_api(pattern) and path_of(pattern).endswith("/")]


# Who may read --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "is_on"),
    [(True, True), ("true", True)]
    + [(value, False) for value in (False, None, "", "TRUE", "True", "1", 1, "yes", "false", " true", "on", [], 1.0)],
)
def test_the_flag_is_on_only_for_true(value: Any, is_on: bool, settings: Any) -> None:
    settings.ENABLE_ORG_ANALYTICS = value

    assert access.is_enabled() is is_on


@pytest.mark.parametrize(
    ("value", "is_on"), [("true", True), ("True", False), ("1", False), ("", False), (None, False)]
)
def test_without_the_setting_the_environment_decides_by_the_same_rule(
    value: str | None, is_on: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del settings.ENABLE_ORG_ANALYTICS
    if value is None:
        monkeypatch.delenv("ENABLE_ORG_ANALYTICS", raising=False)
    else:
        monkeypatch.setenv("ENABLE_ORG_ANALYTICS", value)

    assert access.is_enabled() is is_on


def test_the_setting_wins_over_the_environment(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_ORG_ANALYTICS", "true")
    settings.ENABLE_ORG_ANALYTICS = False

    assert not access.is_enabled()


@pytest.mark.core
@pytest.mark.parametrize(
    ("domains", "email", "is_permitted"),
    [
        (None, "ann@example.com", True),
        ("", "ann@example.com", True),
        ([], "ann@example.com", True),
        ("example.com", "ann@example.com", True),
        (" Example.COM , other.org ", "Ann@EXAMPLE.com", True),
        (["other.org", "example.com"], "ann@example.com", True),
        (("example.com",), "ann@example.com", True),
        ("münchen.de", "ann@münchen.de", True),
        ("a-b.example.com", "ann@a-b.example.com", True),
        ("example.com", "ann@sub.example.com", False),
        ("sub.example.com", "ann@example.com", False),
        ("example.com", "ann@notexample.com", False),
        ("example.com", "ann@example.com.evil.org", False),
        # The part after the FIRST @.
        ("example.com", '"ann@evil.org"@example.com', False),
        ("example.com", "ann@evil.org@example.com", False),
        ("example.com", "example.com", False),
        ("example.com", "", False),
        # Set, but without one usable entry: nobody.
        (" ", "ann@example.com", False),
        (",", "ann@example.com", False),
        ([""], "ann@example.com", False),
        ("*", "ann@example.com", False),
        ("com", "ann@com", False),
        ("@example.com", "ann@example.com", False),
        ("*.example.com", "ann@*.example.com", False),
        ("-a.example.com", "ann@-a.example.com", False),
        ("a_b.example.com", "ann@a_b.example.com", False),
        ("example.com.", "ann@example.com.", False),
        (7, "ann@example.com", False),
        # One usable entry is enough, and the others match nobody.
        ("*, example.com", "ann@example.com", True),
        ("*, example.com", "ann@*", False),
    ],
)
def test_the_domain_after_the_first_at_must_equal_an_entry(
    domains: Any, email: str, is_permitted: bool, settings: Any, django_user_model: Any
) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = domains
    user = django_user_model(email=email)

    assert access.access_denied(user) is (None if is_permitted else access.AccessDenied.DOMAIN)


def test_a_generator_of_domains_that_gives_none_lets_nobody_in(settings: Any, django_user_model: Any) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = (entry for entry in ())

    assert access.access_denied(django_user_model(email="ann@example.com")) is access.AccessDenied.DOMAIN


def test_without_the_setting_the_environment_names_the_domains(
    settings: Any, monkeypatch: pytest.MonkeyPatch, django_user_model: Any
) -> None:
    monkeypatch.setenv("ALLOWED_EMAIL_DOMAINS", "other.org,example.com")

    assert access.access_denied(django_user_model(email="ann@example.com")) is None
    assert access.access_denied(django_user_model(email="ann@example.org")) is access.AccessDenied.DOMAIN


def test_a_host_names_its_members(settings: Any, user: Any, staff: Any) -> None:
    settings.ORG_ANALYTICS_MEMBERS = "tests.hosts.only_ann"

    assert access.access_denied(user) is None
    assert access.access_denied(staff) is access.AccessDenied.NOT_A_MEMBER


@pytest.mark.parametrize("path", ["tests.hosts.missing", "nowhere.at_all", "tests.hosts.not_callable", "x", 5])
def test_members_that_cannot_be_asked_for_let_nobody_in(path: Any, settings: Any, user: Any, api: Client) -> None:
    settings.ORG_ANALYTICS_MEMBERS = path

    assert access.access_denied(user) is access.AccessDenied.NOT_A_MEMBER
    assert api.get("/api/v1/org/analytics").status_code == 403


def test_a_user_of_whom_only_a_token_tells_may_read(settings: Any, rest_framework: Callable[..., None]) -> None:
    rest_framework(DEFAULT_AUTHENTICATION_CLASSES=["tests.hosts.Stateless"])

    settings.ALLOWED_EMAIL_DOMAINS = "example.com"
    assert Client().get(API).status_code == 200
    settings.ALLOWED_EMAIL_DOMAINS = "other.org"
    assert Client().get(API).status_code == 403


def test_an_inactive_user_is_asked_to_authenticate_though_the_host_let_them_in(
    rest_framework: Callable[..., None],
) -> None:
    rest_framework(DEFAULT_AUTHENTICATION_CLASSES=["tests.hosts.Letting"])

    assert Client().get(API).status_code == 401


def test_an_inactive_user_whom_the_host_keeps_signed_in_gets_403_without_a_redirect_loop(
    settings: Any, user: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    client = Client()
    client.force_login(user)
    type(user)._default_manager.filter(pk=user.pk).update(is_active=False)

    for path in ("/organization", "/organization.csv"):
        assert client.get(path).status_code == 403
    assert client.get(API).status_code == 401


def test_may_read_needs_a_request_with_a_user(user: Any) -> None:
    request = RequestFactory().get("/")
    assert not access.may_read(None)
    assert not access.may_read(request)
    request.user = user
    assert access.may_read(request)


def test_by_default_being_let_in_asks_the_database_nothing(user: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert access.access_denied(user) is None


# What the API says when it does not let somebody in ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "header"),
    [
        ([], "Session"),
        (["rest_framework.authentication.SessionAuthentication"], "Session"),
        (["rest_framework.authentication.BasicAuthentication"], "Session"),
        (["tests.hosts.OffersBasicToo"], "Session"),
        (
            ["rest_framework.authentication.BasicAuthentication", "rest_framework.authentication.TokenAuthentication"],
            "Token",
        ),
        (
            [
                "rest_framework.authentication.SessionAuthentication",
                "rest_framework.authentication.TokenAuthentication",
                "tests.hosts.Bearer",
                "tests.hosts.Bearer",
            ],
            'Token, Bearer realm="api"',
        ),
    ],
)
def test_401_names_the_scheme_of_each_authenticator_but_basic(
    classes: list[str], header: str, rest_framework: Callable[..., None]
) -> None:
    rest_framework(DEFAULT_AUTHENTICATION_CLASSES=classes)

    response = Client().get(API)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, header)


@every_api_url
@pytest.mark.parametrize(
    ("url", "link"),
    [
        (None, None),
        ("", None),
        ("/account/token", '</account/token>; rel="help"'),
        ("https://sso.example.com/tokens?for=org#new", '<https://sso.example.com/tokens?for=org#new>; rel="help"'),
        (reverse_lazy("admin:index"), '</admin/>; rel="help"'),
        ('/a"b>c ü\n', '</a%22b%3Ec%20%C3%BC%0A>; rel="help"'),
        ("javascript:alert(1)", None),
    ],
)
def test_401_says_where_tokens_are_made(
    pattern: URLPattern, url: Any, link: str | None, client_as: Callable[[str], Client], settings: Any
) -> None:
    settings.ORG_ANALYTICS_TOKEN_URL = url

    refused = send(client_as("anonymous"), "GET", pattern)
    forbidden = send(client_as("outside the domain"), "GET", pattern)

    assert (refused.status_code, refused.get("Link")) == (401, link)
    assert refused.json() == {"error": "Authentication required"}
    assert (forbidden.status_code, forbidden.get("Link")) == (403, None)


@pytest.mark.parametrize("credentials", ["Basic YW5uOndyb25n", "Basic !", "Basic", "Basic a b"])
def test_bad_credentials_get_the_same_401(credentials: str, rest_framework: Callable[..., None]) -> None:
    rest_framework(DEFAULT_AUTHENTICATION_CLASSES=["rest_framework.authentication.BasicAuthentication"])

    response = Client().get(API, headers={"authorization": credentials})

    assert (response.status_code, response.json()) == (401, {"error": "Authentication required"})
    assert response["WWW-Authenticate"] == "Session"


@every_api_url
def test_a_session_login_needs_the_csrf_token_on_an_unsafe_method(pattern: URLPattern, user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    response = send(client, "POST", pattern)

    assert (response.status_code, response.json()) == (403, {"error": "CSRF verification failed"})


@every_api_url
@pytest.mark.parametrize(("throttle", "seconds"), [("Throttled", "42"), ("ThrottledForever", "1")])
def test_a_hosts_throttle_answers_429_after_401_and_403_and_before_405_and_400(
    pattern: URLPattern,
    throttle: str,
    seconds: str,
    client_as: Callable[[str], Client],
    rest_framework: Callable[..., None],
) -> None:
    rest_framework(DEFAULT_THROTTLE_CLASSES=[f"tests.hosts.{throttle}"])

    assert send(client_as("anonymous"), "GET", pattern).status_code == 401
    assert send(client_as("outside the domain"), "GET", pattern).status_code == 403
    client = client_as("plain")
    for response in (send(client, "DELETE", pattern), client.get(f"{path_of(pattern)}?start_ts=x")):
        assert (response.status_code, response.json()) == (429, {"error": "Rate limit exceeded"})
        assert response["Retry-After"] == seconds
        assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("question", "path", "message"),
    [
        ("report", "/api/v1/org/analytics", "Failed to compute org analytics"),
        ("repos", "/api/v1/org/repos", "Failed to list org repos"),
    ],
)
def test_a_500_is_our_json_logged_and_signalled(
    question: str, path: str, message: str, api: Client, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("a secret detail")

    signalled = []

    def receive(sender: Any, request: Any, **kwargs: Any) -> None:
        signalled.append(request.path)

    monkeypatch.setattr(reports, question, fail)
    got_request_exception.connect(receive)
    api.raise_request_exception = False
    with caplog.at_level(logging.ERROR, "django.request"):
        response = api.get(path)
    got_request_exception.disconnect(receive)

    assert (response.status_code, response.json()) == (500, {"error": message})
    assert response["Cache-Control"] == "no-store"
    assert signalled == [path]
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info[0] is RuntimeError


@every_api_url
def test_every_action_has_words_for_its_failure(pattern: URLPattern) -> None:
    assert set(pattern.callback.actions.values()) <= {*pattern.callback.cls.failure_messages, "head"}
