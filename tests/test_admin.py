"""The admin: repositories with their fork links, seen and pinned; sessions, looked at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from org_analytics.models import CodingSession, ForkSighting, Repo
from tests.questions import NOW
from tests.users import create_user

REPOS = "/admin/org_analytics/repo/"
SESSIONS = "/admin/org_analytics/codingsession/"


@pytest.fixture
def admin(superuser: Any, client_of: Callable[[Any], Client]) -> Client:
    return client_of(superuser)


def fork_of(upstream: str, repo: str) -> dict[str, Any]:
    return {
        "repo_url": repo,
        "remotes": [{"name": "upstream", "fetch_url": upstream}],
        "tracking_remote": "upstream",
    }


@pytest.fixture
def fork(user: Any, make_session: Any) -> Repo:
    """ann/api, which Ann's clone calls a fork of acme/api; there is an acme/web too."""
    make_session(user, git_info=fork_of("acme/api", "ann/api"))
    make_session(user, git_info={"repo_url": "acme/web"})
    return repo("ann/api")


def repo(path: str) -> Repo:
    return Repo.objects.get(path=path)


def change(client: Client, target: Repo, upstream: Repo | None, *, pinned: bool, deleted: bool = False) -> Any:
    """Save the repository's form, its sightings left alone or the first one deleted; the response."""
    sightings = list(target.sightings.values_list("pk", flat=True))
    data = {
        "upstream": "" if upstream is None else upstream.pk,
        "sightings-TOTAL_FORMS": len(sightings),
        "sightings-INITIAL_FORMS": len(sightings),
        **{f"sightings-{place}-id": pk for place, pk in enumerate(sightings)},
        **{f"sightings-{place}-repo": target.pk for place in range(len(sightings))},
    }
    if pinned:
        data["pinned"] = "on"
    if deleted:
        data["sightings-0-DELETE"] = "on"
    return client.post(reverse("admin:org_analytics_repo_change", args=[target.pk]), data)


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # what Django reads once a process is not counted
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


# Repositories --------------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_repository_shows_its_links_and_who_named_them(admin: Client, fork: Repo) -> None:
    page = admin.get(f"{REPOS}{fork.pk}/change/").content.decode()

    assert "ann/api" in page
    assert "acme/api" in page
    assert "ann@example.com" in page


@pytest.mark.core
@pytest.mark.parametrize(("search", "paths"), [("ANN", {"ann/api"}), ("api", {"ann/api", "acme/api"}), ("zzz", set())])
def test_repositories_are_searched_by_path_in_any_case(admin: Client, fork: Repo, search: str, paths: set[str]) -> None:
    found = admin.get(REPOS, {"q": search}).context["cl"].result_list

    assert {repo.path for repo in found} == paths


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("upstream__isempty=0", {"ann/api"}),
        ("upstream__isempty=1", {"acme/api", "acme/web"}),
        ("pinned__exact=1", set()),
        ("pinned__exact=0", {"ann/api", "acme/api", "acme/web"}),
    ],
)
def test_repositories_are_filtered(admin: Client, fork: Repo, query: str, paths: set[str]) -> None:
    assert {repo.path for repo in admin.get(f"{REPOS}?{query}").context["cl"].result_list} == paths


@pytest.mark.core
def test_an_administrator_pins_another_upstream(admin: Client, fork: Repo) -> None:
    assert change(admin, fork, repo("acme/web"), pinned=True).status_code == 302

    fork.refresh_from_db()
    assert (fork.pinned, fork.upstream, fork.root) == (True, repo("acme/web"), repo("acme/web"))
    assert fork.found_upstream == repo("acme/api")


def test_an_administrator_pins_that_it_is_no_fork(admin: Client, fork: Repo) -> None:
    change(admin, fork, None, pinned=True)

    fork.refresh_from_db()
    assert (fork.pinned, fork.upstream, fork.root) == (True, None, None)


def test_unpinned_the_sightings_count_again(admin: Client, fork: Repo) -> None:
    change(admin, fork, None, pinned=True)

    assert change(admin, fork, None, pinned=False).status_code == 302

    fork.refresh_from_db()
    assert (fork.pinned, fork.upstream) == (False, repo("acme/api"))


@pytest.mark.parametrize("upstream", ["acme/web", None])
def test_an_upstream_given_without_pinning_it_is_an_error_not_silence(
    admin: Client, fork: Repo, upstream: str | None
) -> None:
    response = change(admin, fork, upstream and repo(upstream), pinned=False)

    assert response.status_code == 200
    assert "pinned" in response.context["adminform"].form.errors
    fork.refresh_from_db()
    assert fork.upstream == repo("acme/api")


def test_a_cycle_of_pinned_links_is_refused_beside_its_field(admin: Client, fork: Repo) -> None:
    Repo.objects.pin(repo("acme/web"), fork)

    for upstream in ("acme/web", "ann/api"):
        response = change(admin, fork, repo(upstream), pinned=True)
        assert "upstream" in response.context["adminform"].form.errors

    fork.refresh_from_db()
    assert not fork.pinned


def test_a_wrong_sighting_can_be_deleted(admin: Client, fork: Repo) -> None:
    assert change(admin, fork, repo("acme/api"), pinned=False, deleted=True).status_code == 302

    fork.refresh_from_db()
    assert (fork.upstream, fork.root, fork.found_upstream) == (None, None, None)
    assert not fork.sightings.exists()


def test_repositories_are_neither_added_nor_deleted_here(admin: Client, fork: Repo) -> None:
    assert admin.get(f"{REPOS}add/").status_code == 403
    assert admin.post(f"{REPOS}{fork.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_upstream_is_found_by_typing(admin: Client, fork: Repo) -> None:
    url = reverse("admin:autocomplete")
    answer = admin.get(
        url, {"app_label": "org_analytics", "model_name": "repo", "field_name": "upstream", "term": "web"}
    )

    assert [item["text"] for item in answer.json()["results"]] == ["acme/web"]


def test_lists_and_forms_ask_no_more_with_more_rows(admin: Client, user: Any, make_session: Any, fork: Repo) -> None:
    pages = [REPOS, f"{REPOS}{fork.pk}/change/", SESSIONS]
    before = [queries_of(admin, page) for page in pages]

    for number in range(20):
        person = create_user(f"p{number}@example.com")
        make_session(person, git_info=fork_of("acme/api", "ann/api"))
        make_session(person, git_info=fork_of("acme/api", f"p{number}/api"))

    assert ForkSighting.objects.filter(repo=fork).count() == 21
    assert [queries_of(admin, page) for page in pages] == before


# Sessions ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sessions(user: Any, staff: Any, make_session: Any) -> None:
    make_session(user, external_id="one", title="Fix the build", git_info={"repo_url": "acme/api"}, cost_usd="1.5")
    make_session(staff, external_id="two", provider="codex", cost_usd=None, started_at=NOW - timedelta(days=40))
    make_session(staff, external_id="three", analyzed=False, cost_complete=False, cost_usd="0.000000001")


@pytest.mark.core
@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("one", {"one"}),
        ("acme/", {"one"}),
        ("STAFF@example.com", {"two", "three"}),
        ("nothing", set()),
    ],
)
def test_sessions_are_searched_by_id_repository_and_email(admin: Client, search: str, ids: set[str]) -> None:
    found = admin.get(SESSIONS, {"q": search}).context["cl"].result_list

    assert {session.external_id for session in found} == ids


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("provider__exact=codex", {"two"}),
        ("analyzed_at__isempty=1", {"three"}),
        ("cost_complete__exact=0", {"three"}),
        ("started_at__year=2026&started_at__month=5", {"two"}),
    ],
)
def test_sessions_are_filtered(admin: Client, query: str, ids: set[str]) -> None:
    found = admin.get(f"{SESSIONS}?{query}").context["cl"].result_list

    assert {session.external_id for session in found} == ids


@pytest.mark.core
@pytest.mark.usefixtures("sessions")
def test_costs_are_shown_plain_and_sorted_as_amounts(admin: Client) -> None:
    page = admin.get(f"{SESSIONS}?o=-5").content.decode()

    assert '<td class="field-cost">1.50</td>' in page
    assert '<td class="field-cost">0.000000001</td>' in page
    assert '<td class="field-cost">-</td>' in page


@pytest.mark.usefixtures("sessions")
def test_a_session_is_looked_at_and_deleted_but_not_written(admin: Client) -> None:
    session = CodingSession.objects.get(external_id="one")
    url = f"{SESSIONS}{session.pk}"

    assert admin.get(f"{url}/change/").status_code == 200
    assert admin.post(f"{url}/change/", {"title": "changed"}).status_code == 403
    assert admin.get(f"{SESSIONS}add/").status_code == 403
    assert admin.post(f"{url}/delete/", {"post": "yes"}).status_code == 302
    assert not CodingSession.objects.filter(pk=session.pk).exists()


@pytest.fixture
def titled(user: Any, make_session: Any) -> CodingSession:
    """A session with a title and a recap."""
    recap = {"recap": "canary recap", "went_well": ["canary item"], "computed_at": NOW}
    session: CodingSession = make_session(user, external_id="one", title="canary title", recap=recap)
    return session


def pages_of(session: CodingSession) -> list[str]:
    url = f"{SESSIONS}{session.pk}"
    return [SESSIONS, f"{url}/change/", f"{url}/delete/", f"{url}/history/", f"{SESSIONS}?q=canary"]


@pytest.mark.core
def test_titles_and_recaps_are_not_shown_and_not_searched(admin: Client, titled: CodingSession) -> None:
    for page in pages_of(titled):
        assert "canary " not in admin.get(page).content.decode(), page
    assert not admin.get(f"{SESSIONS}?q=canary").context["cl"].result_list


@pytest.mark.parametrize(
    "query",
    [
        "title=canary+title",
        "title__startswith=c",
        "title__isnull=0",
        "recap__recap__contains=canary",
        "recap__isnull=0",
        "recap=1",
    ],
)
def test_an_address_cannot_ask_for_titles_and_recaps(admin: Client, titled: CodingSession, query: str) -> None:
    assert admin.get(f"{SESSIONS}?{query}").status_code == 400


@pytest.mark.core
def test_titles_and_recaps_are_shown_where_sessions_are_shared(
    admin: Client, titled: CodingSession, settings: Any
) -> None:
    settings.SHARE_ALL_SESSIONS_TO_AUTHENTICATED = True
    change = admin.get(f"{SESSIONS}{titled.pk}/change/").content.decode()

    assert "canary title" in admin.get(SESSIONS).content.decode()
    assert all(text in change for text in ("canary title", "canary recap", "canary item"))
    for query in ("q=canary", "title__startswith=c"):
        assert [row.pk for row in admin.get(f"{SESSIONS}?{query}").context["cl"].result_list] == [titled.pk]
    assert admin.post(f"{SESSIONS}{titled.pk}/change/", {"recap-0-recap": "x"}).status_code == 403


def test_the_log_of_deletions_has_no_title(admin: Client, titled: CodingSession) -> None:
    admin.post(f"{SESSIONS}{titled.pk}/delete/", {"post": "yes"})

    assert "canary" not in str(list(LogEntry.objects.values_list("object_repr", "change_message")))


# Permissions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def permitted(staff: Any, client_of: Callable[[Any], Client]) -> Callable[..., Client]:
    """`permitted("view_repo")`: a staff member with these permissions alone."""

    def grant(*codenames: str) -> Client:
        staff.user_permissions.set(
            Permission.objects.filter(content_type__app_label="org_analytics", codename__in=codenames)
        )
        return client_of(staff)

    return grant


def test_staff_without_a_permission_sees_neither(permitted: Any, fork: Repo) -> None:
    client = permitted()

    assert client.get(REPOS).status_code == client.get(SESSIONS).status_code == 403


def test_staff_who_may_view_cannot_pin(permitted: Any, fork: Repo) -> None:
    client = permitted("view_repo", "view_forksighting", "view_codingsession")

    assert client.get(REPOS).status_code == client.get(SESSIONS).status_code == 200
    assert b"ann@example.com" in client.get(f"{REPOS}{fork.pk}/change/").content
    assert change(client, fork, repo("acme/web"), pinned=True).status_code == 403


def test_staff_who_may_change_pins(permitted: Any, fork: Repo) -> None:
    client = permitted("view_repo", "change_repo", "view_forksighting")

    assert change(client, fork, repo("acme/web"), pinned=True).status_code == 302
    assert repo("ann/api").upstream == repo("acme/web")


def test_staff_who_may_not_delete_sightings_cannot(permitted: Any, fork: Repo) -> None:
    client = permitted("view_repo", "change_repo", "view_forksighting")

    change(client, fork, repo("acme/api"), pinned=False, deleted=True)

    assert fork.sightings.count() == 1


def test_a_plain_reader_has_no_admin(user: Any, client_of: Callable[[Any], Client], fork: Repo) -> None:
    assert client_of(user).get(REPOS).status_code == 302
