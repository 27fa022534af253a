"""The nav item of a host's navigation bar: a link for users with access, nothing and no error for others."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.utils import translation

TAG = "{% load org_analytics %}[{% org_analytics_nav %}]"
LINK = '[<a href="/organization">Organization</a>]'

pytestmark = pytest.mark.core


@pytest.fixture
def nav() -> Callable[..., str]:
    """`nav(user)`: what the tag renders as for that user on a page of the host."""

    def render(user: Any, path: str = "/", tag: str = TAG) -> str:
        request = RequestFactory().get(path)
        request.user = user
        return Template(tag).render(Context({"request": request}))

    return render


@pytest.mark.parametrize("kind", ["user", "staff", "superuser"])
def test_users_with_access_see_the_link(nav: Any, kind: str, request: pytest.FixtureRequest) -> None:
    assert nav(request.getfixturevalue(kind)) == LINK


def test_the_anonymous_and_the_inactive_see_nothing(nav: Any, inactive: Any) -> None:
    assert nav(AnonymousUser()) == "[]"
    assert nav(inactive) == "[]"


def test_people_outside_the_domain_or_who_are_not_members_see_nothing(nav: Any, user: Any, settings: Any) -> None:
    settings.ALLOWED_EMAIL_DOMAINS = "other.org"
    assert nav(user) == "[]"
    settings.ALLOWED_EMAIL_DOMAINS = ""
    settings.ORG_ANALYTICS_MEMBERS = "tests.hosts.nobody"
    assert nav(user) == "[]"


def test_off_nobody_sees_it_and_nothing_reads_user_or_database(
    settings: Any, db: None, django_assert_num_queries: Any
) -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    settings.ENABLE_ORG_ANALYTICS = False
    with django_assert_num_queries(0):
        assert Template(TAG).render(Context({"request": Untouchable()})) == "[]"


@pytest.mark.parametrize("context", [{}, {"request": None}, {"request": "no request"}])
def test_without_a_request_it_is_nothing(context: dict[str, Any]) -> None:
    assert Template(TAG).render(Context(context)) == "[]"


def test_a_request_without_a_user_sees_nothing() -> None:
    assert Template(TAG).render(Context({"request": RequestFactory().get("/")})) == "[]"


@pytest.mark.parametrize("path", ["/organization", "/organization/"])
def test_on_the_page_itself_it_is_the_current_one(nav: Any, user: Any, path: str) -> None:
    assert nav(user, path) == '[<a href="/organization" aria-current="page">Organization</a>]'


def test_a_host_gives_it_a_class_which_is_escaped(nav: Any, user: Any) -> None:
    tag = "{% load org_analytics %}{% org_analytics_nav css_class=request.GET.class %}"

    assert nav(user, '/?class="nav', tag) == '<a href="/organization" class="&quot;nav">Organization</a>'


@override_settings(ROOT_URLCONF="tests.urls_without_ours")
def test_without_our_urls_it_is_nothing_and_the_reason_is_logged(nav: Any, user: Any, caplog: Any) -> None:
    with caplog.at_level(logging.ERROR, "org_analytics"):
        assert nav(user) == "[]"

    assert "nav item" in caplog.text


def test_a_broken_setting_does_not_break_the_page(nav: Any, user: Any, settings: Any) -> None:
    settings.ORG_ANALYTICS_MEMBERS = "nowhere.members"

    assert nav(user) == "[]"


def test_its_text_is_translated(nav: Any, user: Any) -> None:
    with translation.override("de"):
        assert nav(user) == '[<a href="/organization">Organisation</a>]'


def test_by_default_it_costs_no_query(nav: Any, user: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        nav(user)
