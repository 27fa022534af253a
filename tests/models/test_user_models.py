"""The host's user model: names and e-mail addresses come from its fields, whatever they are."""

import uuid

import pytest
from django.contrib.auth import get_user_model

from org_analytics.models import CodingSession

pytestmark = pytest.mark.core


def listed(api):
    return [row["user"] for row in api.get("/api/v1/org/analytics").json()["users"]]


def test_people_are_listed_by_key_email_and_name(api, user):
    assert listed(api) == [
        {"id": str(user.pk) if isinstance(user.pk, uuid.UUID) else user.pk, "email": user.email, "name": "Ann Lee"}
    ]


def test_nameless_people_have_no_name_and_come_last(api, make_user):
    make_user("aaa@example.com", "")
    make_user("zed@example.com", "Zed")
    assert [person.get("name") for person in listed(api)] == ["Ann Lee", "Zed", None]
    assert "name" not in listed(api)[-1]


def test_people_switched_off_are_not_listed(api, inactive):
    assert inactive.email not in [person["email"] for person in listed(api)]


def test_sessions_are_reached_from_their_user_and_go_with_them(user, make_session):
    session = make_session(user)
    assert list(user.coding_sessions.all()) == [session]
    get_user_model().objects.all().delete()
    assert not CodingSession.objects.exists()


def test_page_shows_people_of_the_hosts_model(api, user, make_user):
    make_user("zoe@example.com", "Zoë Björklund")
    text = api.get("/organization").text
    assert "Zoë Björklund" in text
    assert "zoe@example.com" in text


def searched(client, text):
    """The sessions that the admin finds."""
    return list(client.get("/admin/org_analytics/codingsession/", {"q": text}).context["cl"].result_list)


def test_admin_finds_sessions_by_their_users_email(client_of, superuser, user, make_session):
    session = make_session(user)
    client = client_of(superuser)
    assert searched(client, user.email) == [session]
    assert searched(client, "nobody@else") == []


def test_admin_searches_sessions_of_a_user_model_without_email(client_of, superuser, user, make_session, monkeypatch):
    session = make_session(user)
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_field", raising=False)
    assert searched(client_of(superuser), session.external_id) == [session]
