"""The endpoints' numbers: counted sessions, rows, exact sums, and a constant number of queries."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from org_analytics.models import CodingSession, Repo
from tests.questions import ANALYTICS, DAY, NOW, RANGE, REPOS
from tests.users import create_user

MakeSession = Callable[..., CodingSession]


def row_of(answer: dict[str, Any], email: str) -> dict[str, Any]:
    """The row of one person."""
    return next(row for row in answer["users"] if row["user"]["email"] == email)


# What is counted -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sessions_with_repos(user: Any, make_session: MakeSession) -> None:
    make_session(user, external_id="api", git_info={"repo_url": "https://github.com/Acme/API.git"})
    make_session(
        user,
        external_id="fork",
        git_info={
            "repo_url": "git@github.com:ann/api.git",
            "remotes": [{"name": "upstream", "fetch_url": "https://github.com/acme/api"}],
            "tracking_remote": "upstream",
        },
    )
    make_session(user, external_id="web", git_info={"repo_url": "acme/web"})
    make_session(user, external_id="none")


@pytest.mark.core
@pytest.mark.usefixtures("sessions_with_repos")
@pytest.mark.parametrize(
    ("repos", "include_no_repo", "count"),
    [
        ("", "true", 4),
        ("", "1", 4),
        ("", "", 4),
        ("", "false", 3),
        ("", "0", 3),
        ("acme/api", "true", 3),
        ("acme/api", "false", 2),
        ("ACME/Api", "0", 2),
        ("ann/api", "0", 2),
        ("acme/api,acme/web", "0", 3),
        (" acme/web , ,", "0", 1),
        ("no/such", "0", 0),
        ("no/such", "1", 1),
        ("https://github.com/acme/api", "0", 0),
        ("%", "0", 0),
    ],
)
def test_the_repository_rule(ask: Any, repos: str, include_no_repo: str, count: int) -> None:
    assert ask(repos=repos, include_no_repo=include_no_repo)["totals"]["session_count"] == count


@pytest.mark.usefixtures("sessions_with_repos")
def test_repositories_are_root_paths_as_first_seen(ask: Any) -> None:
    assert ask(REPOS)["repos"] == ["Acme/API", "acme/web"]


def test_repositories_of_pending_sessions_are_listed_but_not_those_of_non_members(
    ask: Any, user: Any, inactive: Any, make_session: MakeSession
) -> None:
    make_session(user, analyzed=False, git_info={"repo_url": "acme/pending"})
    make_session(inactive, git_info={"repo_url": "acme/gone"})

    assert ask(REPOS)["repos"] == ["acme/pending"]


@pytest.mark.core
def test_every_active_member_is_a_row_also_without_a_session(
    ask: Any, user: Any, staff: Any, inactive: Any, make_session: MakeSession
) -> None:
    make_session(user, provider="codex")
    make_session(inactive, provider="opencode")

    answer = ask(provider="cursor")

    assert [row["user"]["email"] for row in answer["users"]] == ["ann@example.com", "staff@example.com"]
    assert {row["session_count"] for row in answer["users"]} == {0}
    assert answer["providers_present"] == ["codex"]


@pytest.mark.core
def test_members_of_the_hosts_choice_are_the_rows(
    ask: Any, user: Any, staff: Any, make_session: MakeSession, settings: Any
) -> None:
    settings.ORG_ANALYTICS_MEMBERS = "tests.hosts.only_ann"
    make_session(user)
    make_session(staff, git_info={"repo_url": "acme/customer"}, provider="cursor")

    answer = ask()

    assert [row["user"]["email"] for row in answer["users"]] == ["ann@example.com"]
    assert answer["coverage"]["inactive_user_sessions"] == 1
    assert answer["providers_present"] == ["claude-code"]
    assert ask(REPOS)["repos"] == []


def test_the_domain_list_limits_who_reads_not_which_rows_are_shown(
    ask: Any, make_user: Any, make_session: MakeSession, settings: Any
) -> None:
    make_session(make_user("eve@other.org", "Eve Other"))
    settings.ALLOWED_EMAIL_DOMAINS = "example.com"

    assert row_of(ask(), "eve@other.org")["session_count"] == 1


@pytest.mark.core
def test_an_unknown_value_is_left_out_of_sum_and_average(ask: Any, user: Any, make_session: MakeSession) -> None:
    make_session(user, cost_usd="0.10", duration_ms=10, assistant_ms=None, user_ms=7)
    make_session(user, cost_usd="0.25", duration_ms=None, assistant_ms=None, user_ms=0)
    make_session(user, cost_usd=None, duration_ms=5, assistant_ms=None, user_ms=None)

    row = row_of(ask(), "ann@example.com")

    row.pop("user")
    assert row == {
        "session_count": 3,
        "total_cost_usd": "0.35",
        "total_duration_ms": 15,
        "total_assistant_time_ms": 0,
        "total_user_time_ms": 7,
        "avg_cost_usd": "0.18",
        "avg_duration_ms": 7,
        "avg_user_time_ms": 3,
    }
    assert ask()["totals"] == row


@pytest.mark.parametrize(
    ("costs", "total", "average"),
    [
        (["0.005"], "0.01", "0.01"),
        (["0.025"], "0.03", "0.03"),
        (["0.004"] * 3, "0.01", "0.00"),
        (["0.01", "0.02"], "0.03", "0.02"),
        (["128.5"], "128.50", "128.50"),
        ([None], "0.00", "0.00"),
        ([], "0.00", "0.00"),
        (["0.1"] * 10, "1.00", "0.10"),
        (["100000"] * 30, "3000000.00", "100000.00"),
    ],
)
def test_costs_are_rounded_once_half_away_from_zero(
    ask: Any, user: Any, make_session: MakeSession, costs: list[str | None], total: str, average: str
) -> None:
    for cost in costs:
        make_session(user, cost_usd=cost)

    answer = ask()

    for usage in (answer["totals"], row_of(answer, "ann@example.com")):
        assert (usage["total_cost_usd"], usage["avg_cost_usd"]) == (total, average)


def test_totals_are_not_summed_from_rounded_rows(ask: Any, user: Any, staff: Any, make_session: MakeSession) -> None:
    for person in (user, staff):
        make_session(person, cost_usd="0.004")

    answer = ask()

    assert [row["total_cost_usd"] for row in answer["users"]] == ["0.00", "0.00"]
    assert answer["totals"]["total_cost_usd"] == "0.01"


@pytest.mark.core
def test_coverage_counts_sessions_that_the_numbers_leave_out(
    ask: Any, user: Any, inactive: Any, make_session: MakeSession
) -> None:
    make_session(user)
    make_session(user, cost_usd=None)
    make_session(user, cost_usd="0.50", cost_complete=False)
    make_session(user, cost_usd=None, started_at=NOW + timedelta(hours=1), analyzed=False)
    make_session(user, provider="codex", cost_usd=None, started_at=NOW + timedelta(minutes=5))
    make_session(inactive, cost_usd=None, started_at=NOW + timedelta(minutes=9))
    make_session(inactive, analyzed=False)
    make_session(user, started_at=NOW - timedelta(days=30), cost_usd=None)

    assert ask()["coverage"] == {
        "pending_sessions": 1,
        "unpriced_sessions": 3,
        "inactive_user_sessions": 1,
        "latest_session_at": "2026-06-17T15:35:00Z",
    }
    assert ask(provider="claude-code")["coverage"] == {
        "pending_sessions": 1,
        "unpriced_sessions": 2,
        "inactive_user_sessions": 1,
        "latest_session_at": "2026-06-17T15:30:00Z",
    }
    assert ask(repos="acme/api", include_no_repo="0")["coverage"] == {
        "pending_sessions": 0,
        "unpriced_sessions": 0,
        "inactive_user_sessions": 0,
        "latest_session_at": None,
    }


def test_providers_present_heed_the_repositories_but_not_the_provider(
    ask: Any, user: Any, make_session: MakeSession
) -> None:
    make_session(user, provider="opencode", git_info={"repo_url": "acme/api"})
    make_session(user, provider="Claude Code", git_info={"repo_url": "acme/api"})
    make_session(user, provider="codex", git_info={"repo_url": "acme/web"})
    make_session(user, provider="cursor", git_info={"repo_url": "acme/api"}, analyzed=False)

    answer = ask(provider="codex", repos="acme/api", include_no_repo="0")

    assert answer["providers_present"] == ["claude-code", "opencode"]
    assert answer["totals"]["session_count"] == 0


# Who is who ----------------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_the_named_come_by_name_then_email_then_the_nameless_by_email(ask: Any, make_user: Any, user: Any) -> None:
    people = [
        ("eric@example.com", "éric Aa"),
        ("zoe@example.com", "Zoë Bo"),
        ("angstrom@example.com", "Ångström Li"),
        ("b-anders@example.com", "anders Li"),
        ("a-anders@example.com", "Anders Li"),
        ("strasse@example.com", "Straße Li"),
        ("strasze@example.com", "Strassf Li"),
        ("zz@example.com", None),
        ("aa@example.com", "  "),
    ]
    random.Random(1).shuffle(people)
    for email, name in people:
        make_user(email, name)

    emails = [row["user"]["email"].removesuffix("@example.com") for row in ask()["users"]]

    assert emails == [
        "a-anders",
        "b-anders",
        "angstrom",
        "ann",
        "eric",
        "strasse",
        "strasze",
        "zoe",
        "aa",
        "zz",
    ]


@pytest.mark.core
def test_a_user_is_id_email_and_name_if_there_is_one(ask: Any, make_user: Any, user: Any) -> None:
    nameless = make_user("zz@example.com", None)

    users = [row["user"] for row in ask()["users"]]

    ids = [person.pk if isinstance(person.pk, int) else str(person.pk) for person in (user, nameless)]
    assert users == [
        {"id": ids[0], "email": "ann@example.com", "name": "Ann Lee"},
        {"id": ids[1], "email": "zz@example.com"},
    ]


def test_people_of_the_same_name_and_email_come_by_id(ask: Any, user: Any, django_user_model: Any) -> None:
    twins = [
        django_user_model.objects.create_user(f"twin{number}", "twin@example.com", first_name="Twin", last_name="Li")
        for number in range(12)
    ]

    ids = [row["user"]["id"] for row in ask()["users"] if row["user"]["email"] == "twin@example.com"]

    assert ids == [twin.pk for twin in twins]


def test_a_models_own_full_name_is_used(
    ask: Any, user: Any, django_user_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(django_user_model, "get_full_name", lambda person: f"Dr. {person.last_name}")

    assert ask()["users"][0]["user"]["name"] == "Dr. Lee"


# It adds up, and does not grow ---------------------------------------------------------------------------------------

PROVIDERS = ["claude-code", "codex", "opencode", "cursor"]
REMOTES = [None, "acme/api", "acme/web", "ann/api"]
ROOTS = {"ann/api": "acme/api"}


def random_rows(dice: random.Random, people: list[Any], count: int) -> list[dict[str, Any]]:
    def maybe(value: Any) -> Any:
        return None if dice.random() < 0.2 else value

    return [
        {
            "user": dice.choice(people),
            "provider": dice.choice(PROVIDERS),
            "external_id": f"random-{number}",
            "started_at": NOW + timedelta(seconds=dice.randint(-3 * DAY, 3 * DAY)),
            "git_info": (remote := dice.choice(REMOTES))
            and {
                "repo_url": remote,
                "remotes": [{"name": "up", "fetch_url": "acme/api"}],
                "tracking_remote": "up" if remote == "ann/api" else "",
            },
            "cost_usd": maybe(Decimal(dice.randint(0, 5 * 10**9)).scaleb(-9)),
            "cost_complete": dice.random() < 0.9,
            "duration_ms": maybe(dice.randint(0, 10**7)),
            "assistant_ms": maybe(dice.randint(0, 10**6)),
            "user_ms": maybe(dice.randint(0, 10**6)),
            "analyzed": dice.random() < 0.9,
        }
        for number in range(count)
    ]


def brute_force(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The correct numbers for exactly these counted sessions, computed with fractions."""

    def known(name: str) -> list[Any]:
        return [row[name] for row in rows if row[name] is not None]

    def cents(amount: Fraction) -> str:
        exact = Decimal(amount.numerator * 10**15 // amount.denominator).scaleb(-15)
        return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))

    costs = [Fraction(cost) for cost in known("cost_usd")]
    usage = {"session_count": len(rows), "total_cost_usd": cents(sum(costs, Fraction()))}
    times = {"duration": "duration_ms", "assistant_time": "assistant_ms", "user_time": "user_ms"}
    for name, column in times.items():
        usage[f"total_{name}_ms"] = sum(known(column))
    usage["avg_cost_usd"] = cents(sum(costs, Fraction()) / len(costs)) if costs else "0.00"
    for name, column in times.items():
        if known(column):
            usage[f"avg_{name}_ms"] = sum(known(column)) // len(known(column))
    return usage


@dataclass(frozen=True)
class Question:
    """A range and filters, and which rows pass them."""

    start: int
    end: int
    providers: list[str]
    repos: list[str]
    include_no_repo: bool

    @classmethod
    def random(cls, dice: random.Random) -> "Question":
        start = int(NOW.timestamp()) + dice.randint(-3 * DAY, DAY)
        return cls(
            start=start,
            end=start + dice.randint(1, 3 * DAY),
            providers=dice.sample(PROVIDERS, dice.randint(0, 4)),
            repos=dice.sample(["acme/api", "ACME/web", "ann/api", "no/such"], dice.randint(0, 2)),
            include_no_repo=dice.random() < 0.5,
        )

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "start_ts": self.start,
            "end_ts": self.end,
            "provider": ",".join(self.providers),
            "repos": ",".join(self.repos),
            "include_no_repo": json.dumps(self.include_no_repo),
        }

    def has(self, row: dict[str, Any]) -> bool:
        """In range and by the repository rule."""
        return self.start <= row["started_at"].timestamp() < self.end and self.has_repo(row["git_info"])

    def has_repo(self, git_info: dict[str, Any] | None) -> bool:
        if git_info is None:
            return self.include_no_repo
        wanted = {ROOTS.get(repo.lower(), repo.lower()) for repo in self.repos}
        return not wanted or ROOTS.get(git_info["repo_url"], git_info["repo_url"]) in wanted

    def has_provider(self, row: dict[str, Any]) -> bool:
        return not self.providers or row["provider"] in self.providers


@pytest.mark.core
@pytest.mark.parametrize("seed", range(6))
def test_all_numbers_equal_a_brute_force_sum(ask: Any, user: Any, staff: Any, inactive: Any, seed: int) -> None:
    dice = random.Random(seed)
    rows = random_rows(dice, [user, staff, inactive], 120)
    CodingSession.objects.record_many(rows)

    for _number in range(8):
        question = Question.random(dice)
        present = [row for row in rows if question.has(row) and row["user"] != inactive]
        chosen = [row for row in present if question.has_provider(row)]
        counted = [row for row in chosen if row["analyzed"]]

        answer = ask(**question.parameters)

        assert answer["totals"] == brute_force(counted)
        for row in answer["users"]:
            email = row.pop("user")["email"]
            assert row == brute_force([row for row in counted if row["user"].email == email])
        assert answer["providers_present"] == sorted({row["provider"] for row in present if row["analyzed"]})
        assert answer["coverage"]["pending_sessions"] == len(chosen) - len(counted)
        assert answer["coverage"]["unpriced_sessions"] == sum(
            row["cost_usd"] is None or not row["cost_complete"] for row in counted
        )


@pytest.mark.usefixtures("without_access_log")
def test_the_number_of_queries_does_not_grow_with_rows(api: Client, user: Any) -> None:
    """Two of them are Django's own, for the session and its user."""
    questions = [(ANALYTICS, {}), (ANALYTICS, {"repos": "acme/api", "provider": "codex"}), (REPOS, {})]

    def counts() -> list[int]:
        found = []
        for path, parameters in questions:
            with CaptureQueriesContext(connection) as queries:
                assert api.get(path, {**RANGE, **parameters}).status_code == 200
            found.append(sum(' FROM "' in query["sql"] for query in queries.captured_queries))
        return found

    dice = random.Random(5)
    people = [user, *(create_user(f"p{number}@example.com") for number in range(3))]
    CodingSession.objects.record_many(random_rows(dice, people, 30))
    before = counts()
    people += [create_user(f"q{number}@example.com") for number in range(30)]
    rows = random_rows(dice, people, 300)
    for number, row in enumerate(rows):
        row["git_info"] = {"repo_url": f"acme/r{number % 40}"}
    CodingSession.objects.record_many(rows)

    assert counts() == before
    assert max(before) <= 11, before
    assert Repo.objects.count() > 40
