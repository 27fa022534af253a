"""Reproducible organizations: people, repositories and sessions, the same for the same numbers.

What a person does on a day (the cells: repository and provider) depends on the number of people alone, so that ten
times the sessions fall on the same person-days.
"""

# Random numbers for data, not for secrets.
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain

SEED = 20261123
DAYS = 90
REPOS = 500
TEAMS = 25
FORKS = 150  # the last of them; each of one of the others
FAVOURITES = 5
OWN_FORKS = 3  # a person works on a fork of their own of so many favourites, where people have such forks
END = datetime(2026, 11, 23, tzinfo=UTC)
START = END - timedelta(DAYS)
PROVIDERS = ("claude-code", "codex", "opencode", "cursor")
WEIGHTS = (60, 25, 10, 5)


@dataclass(frozen=True)
class Size:
    """How large an organization is."""

    sessions: int
    people: int
    has_own_forks: bool = False

    @property
    def name(self) -> str:
        return f"bench_{self.sessions}_{self.people}{'_forks' if self.has_own_forks else ''}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A person, a day, a repository (None: none) and a provider; numbers from 0."""

    person: int
    day: int
    repo: int | None
    provider: str


def root_of(repo: int) -> int:
    """The repository that this one is a fork of; itself if it is not a fork."""
    if repo >= REPOS:
        return root_of(repo % REPOS)
    return repo - (REPOS - FORKS) if repo >= REPOS - FORKS else repo


def teams_of(person: int) -> set[int]:
    """The teams of a person: one of ten people is in two, one in none."""
    if person % 10 == 9:
        return set()
    return {person % TEAMS, (person + (person % 10 == 0)) % TEAMS}


def own_fork(person: int, repo: int) -> int:
    """A person's own fork of a repository. Numbers from REPOS on are such forks."""
    return REPOS * (person + 1) + repo


def cells(size: Size) -> list[Cell]:
    """Four of five working days, one of six others; one to three repositories a day out of a person's five."""
    dice = random.Random(SEED)
    found = []
    for person in range(size.people):
        main = dice.choices(PROVIDERS, WEIGHTS)[0]
        favourites = [_repo(dice) for _ in range(FAVOURITES)]
        if size.has_own_forks:
            favourites[:OWN_FORKS] = [own_fork(person, repo) for repo in favourites[:OWN_FORKS]]
        for day in range(DAYS):
            is_working = (START + timedelta(day)).weekday() < 5
            if dice.random() > (0.8 if is_working else 0.17):
                continue
            for repo in dice.sample(favourites, dice.choices((1, 2, 3), (60, 30, 10))[0]):
                provider = main if dice.random() < 0.8 else dice.choice(PROVIDERS)
                found.append(Cell(person, day, None if dice.random() < 0.1 else repo, provider))
    return list(dict.fromkeys(found))


def _repo(dice: random.Random) -> int:
    """Popular ones more often; three of ten are forks."""
    originals = REPOS - FORKS
    rank = int(originals ** dice.random()) - 1
    if dice.random() < 0.3:
        return originals + rank % FORKS
    return rank


def sessions(size: Size) -> Iterator[tuple[object, ...]]:
    """Rows: person, provider, repo, external id, started, ended, cost in nanos or None, complete, three times, pending.

    In the order of their days, as they would come in. Each cell has a session, then a few people have most of them.
    Where there are fewer sessions than cells, these are a sample of the cells.
    """
    dice = random.Random(SEED + 1)
    found = cells(size)
    if size.sessions < len(found):
        found = dice.sample(found, size.sessions)
    weight = [dice.paretovariate(1.2) for _ in range(size.people)]
    more = size.sessions - len(found)
    heavy = dice.choices(found, cum_weights=list(accumulate(weight[cell.person] for cell in found)), k=more)
    chosen = sorted(chain(found, heavy), key=lambda cell: cell.day)
    for number, cell in enumerate(chosen):
        started = START + timedelta(cell.day, dice.randrange(86_400))
        duration = int(dice.expovariate(1 / 1_200_000))
        assistant = int(duration * dice.random() * 0.7)
        cost = None if dice.random() < 0.02 else int(dice.expovariate(1 / 1.5) * 10**9)
        yield (
            cell.person,
            cell.provider,
            cell.repo,
            f"{number:09d}",
            started,
            started + timedelta(milliseconds=duration),
            cost,
            dice.random() > 0.01,
            duration,
            assistant,
            None if dice.random() < 0.1 else duration - assistant,
            dice.random() < 0.03,
        )
