"""A person's own page shows who looked at their numbers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.core
HEADING = "Who looked at your numbers"


def rows(client: Client, path: str = "/organization/me") -> list[tuple[str, str]]:
    """Reader and view of each line."""
    response = client.get(path)
    assert response.status_code == 200
    return [(line.reader, line.view) for line in response.context["accesses"]]


def test_own_page_names_those_who_looked(
    api: Client, user: Any, staff: Any, superuser: Any, client_of: Callable[[Any], Client]
) -> None:
    client_of(staff).get(f"/organization/people/{user.pk}")
    client_of(superuser).get("/organization?q=ann")
    client_of(superuser).get("/organization")
    api.get("/organization/me")

    expected = [("Rosa Root", "Organization page"), ("Sam Staff", "Page of a person")]
    assert rows(api) == expected
    assert rows(api, f"/organization/people/{user.pk}") == expected
    assert HEADING in api.get("/organization/me").text


def test_own_page_says_that_nobody_looked(api: Client) -> None:
    assert rows(api) == []
    assert "Nobody else has looked" in api.get("/organization/me").text


def test_others_do_not_see_who_looked(api: Client, staff: Any, client_of: Callable[[Any], Client]) -> None:
    path = f"/organization/people/{staff.pk}"
    api.get(path)
    assert HEADING not in api.get(path).text
    assert HEADING in client_of(staff).get(path).text


def test_nothing_is_said_where_no_log_is_kept(api: Client, settings: Any) -> None:
    settings.ORG_ANALYTICS_ACCESS_LOG = False
    assert HEADING not in api.get("/organization/me").text


def test_twenty_lines_are_shown_with_one_query(
    api: Client, user: Any, staff: Any, client_of: Callable[[Any], Client]
) -> None:
    def query_count() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("/organization/me")
        return len(captured)

    before = query_count()
    for _number in range(21):
        client_of(staff).get(f"/organization/people/{user.pk}")
    assert len(rows(api)) == 20
    assert query_count() == before
