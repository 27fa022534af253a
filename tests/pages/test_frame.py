"""The frame around the page: the admin's, a theme's, a host's own, or ours where that one fails."""

import logging

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

pytestmark = pytest.mark.django_db

ACCOUNT = "<strong><bdi>Ann Lee</bdi></strong>"
OWN_BASE = """<!doctype html><html lang="en"><head>{% block head %}{% endblock %}</head>
<body><nav>Acme intranet</nav><main>{% block content %}{% endblock %}</main></body></html>"""
# As HOST_BASE in docs/installation.md.
OVERRIDE = """{% extends "base.html" %}{% block title %}{{ title }}{% endblock %}
{% block head %}
{{ block.super }}{% block extrastyle %}{% endblock %}{% block extrahead %}{% endblock %}
{% endblock %}"""
# Another admin theme: its base has none of the blocks for the account, as unfold's.
THEME = """<html lang="en" dir="ltr">
<head>{% block extrastyle %}{% endblock %}{% block extrahead %}{% endblock %}</head>
<body><h1>Theme</h1>{% block content %}{% endblock %}</body></html>"""


@pytest.fixture
def with_templates(settings):
    """`with_templates({"admin/base.html": "…"})`: templates of the host, found before all others."""

    def install(templates):
        (engine,) = settings.TEMPLATES
        loaders = [
            ("django.template.loaders.locmem.Loader", templates),
            "django.template.loaders.filesystem.Loader",
            "django.template.loaders.app_directories.Loader",
        ]
        options = {**engine["OPTIONS"], "loaders": loaders}
        settings.TEMPLATES = [{"BACKEND": engine["BACKEND"], "OPTIONS": options}]

    return install


def page(client):
    response = client.get("/organization")
    assert response.status_code == 200
    return response.content.decode()


def test_the_account_is_shown_once_in_the_admin_s_own_header(api, now):
    html = page(api)
    assert html.count(ACCOUNT) == 1
    assert html.index(ACCOUNT) < html.index('id="organization"')
    assert "oa-account" not in html


def test_where_a_theme_has_no_place_for_it_the_account_stands_above_the_page(api, with_templates, now):
    with_templates({"admin/base.html": THEME})
    html = page(api)
    assert "<h1>Theme</h1>" in html
    assert html.count('class="oa oa-account"') == html.count(ACCOUNT) == 1


@pytest.mark.parametrize(
    "broken",
    [
        "{% load static %}{% static 'vendor/missing' %}" + THEME,
        "{% url 'admin:of-another-theme' %}" + THEME,
        "{% include 'not/there.html' %}" + THEME,
        "{% load a_library_that_is_not_installed %}" + THEME,
    ],
    ids=["static file", "url", "template", "library"],
)
def test_a_base_that_cannot_be_rendered_is_replaced_by_our_own(api, with_templates, broken, settings, caplog, now):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "tests.pages.test_frame.StrictStorage"},
    }
    with_templates({"admin/base.html": broken})
    with caplog.at_level(logging.WARNING, "org_analytics"):
        html = page(api)
    assert "oa-standalone" in html
    assert html.count(ACCOUNT) == 1
    assert 'id="organization"' in html
    assert "could not be rendered" in caplog.text


class StrictStorage:
    """Knows our own and the admin's files alone, as a manifest of collected files does."""

    def url(self, name):
        if not name.startswith(("org_analytics/", "admin/")):
            raise ValueError(f"Missing staticfiles manifest entry for '{name}'")
        return f"/static/{name}"


def test_a_host_s_own_base_needs_four_blocks(api, with_templates, now):
    with_templates({"base.html": OWN_BASE, "org_analytics/base.html": OVERRIDE})
    html = page(api)
    head = html[: html.index("</head>")]
    assert "Acme intranet" in html
    assert "css/tokens.css" in head
    assert "organization.js" in head
    assert html.count('id="organization"') == 1
    assert ACCOUNT not in html  # the host's own navigation names the reader


def test_a_host_overrides_one_block_of_the_page(api, with_templates, now):
    override = '{% extends "org_analytics/organization.html" %}{% block organization_cards %}No cards{% endblock %}'
    with_templates({"org_analytics/organization.html": override})
    html = page(api)
    assert "No cards" in html
    assert 'class="oa-cards"' not in html
    assert 'id="table"' in html


def test_a_host_overrides_the_nav_item(user, with_templates):
    with_templates({"org_analytics/includes/nav_item.html": '<li><a href="{{ url }}">Agents</a></li>\n'})
    request = RequestFactory().get("/")
    request.user = user
    tag = Template("{% load org_analytics %}{% org_analytics_nav %}")
    assert tag.render(Context({"request": request})) == '<li><a href="/organization">Agents</a></li>'


def test_a_broken_nav_item_does_not_break_the_host_s_page(user, with_templates, caplog):
    with_templates({"org_analytics/includes/nav_item.html": "{% url 'nowhere' %}"})
    request = RequestFactory().get("/")
    request.user = user
    with caplog.at_level(logging.ERROR, "org_analytics"):
        assert (
            Template("{% load org_analytics %}[{% org_analytics_nav %}]").render(Context({"request": request})) == "[]"
        )
    assert "nav item" in caplog.text


def test_the_reader_is_named_by_name_and_only_without_one_by_login(client_of, make_user, now):
    assert "Ann Lee" in account(client_of(make_user("ann@example.com", "Ann Lee")))
    nameless = make_user("nobody@example.com", "")
    assert nameless.get_username() in account(client_of(nameless))


def account(client):
    html = page(client)
    return html[html.index('id="user-tools"') : html.index('id="organization"')]


def test_the_unavailable_page_has_the_same_frame(db):
    html = render_to_string(
        "org_analytics/unavailable.html",
        {"layout": "org_analytics/partial.html", "message": "Try later.", "page_url": "/organization"},
    )
    assert "Try later." in html
