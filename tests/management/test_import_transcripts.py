"""`manage.py import_transcripts`: import transcripts as sessions, also repeatedly."""

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from org_analytics.ingest.derive import derive
from org_analytics.ingest.line_keys import KeyEntry, pack
from org_analytics.ingest.pricing import NoPrices
from org_analytics.ingest.protocol import TranscriptSource
from org_analytics.ingest.providers import PROVIDERS
from org_analytics.ingest.state import KnownSession, MemoryState, Receipt, SessionRead, SourceFile
from org_analytics.ingest.transcript import Transcript
from org_analytics.management import transcript_import
from org_analytics.management.commands import import_transcripts
from org_analytics.management.import_state import DatabaseState
from org_analytics.models import CodingSession, ImportedLine, ImportedSession, ModelUsage, Repo
from org_analytics.models.recording import CodingSessionManager
from tests.ingest.writing import SONNET, Claude, Codex, usage
from tests.users import create_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]

EMAIL = "ann@example.com"
SONNET_COST = Decimal("0.00114675")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory in which the tools have left nothing yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCODE_DB", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(home: Path, user: Any) -> Callable[..., dict[str, Any]]:
    """`run(dry_run=True)`: import what is in the home directory for the plain user; gives the JSON result."""

    def call(**options: Any) -> dict[str, Any]:
        out = io.StringIO()
        call_command("import_transcripts", user=EMAIL, json=True, stdout=out, **options)
        result: dict[str, Any] = json.loads(out.getvalue())
        return result

    return call


def talk(session: str = "a", **fields: Any) -> Claude:
    """A session of two minutes with the cost that the contract gives for such a request."""
    used = usage(100, 50, 25, 10)
    return Claude(session, **fields).prompt().wait(60).reply(used, id=f"msg_{session}").wait(60).prompt()


def rollout(session: str = "c") -> Codex:
    return Codex(session).start().prompt().wait(10).tokens(10_000, 4_000, 2_000).reply().wait(5).complete()


def write(home: Path, *sessions: Claude | Codex) -> None:
    for session in sessions:
        session.write(home / (".claude" if isinstance(session, Claude) else ".codex"))


def new(result: dict[str, Any]) -> dict[str, int]:
    """The outcomes of Claude Code's sessions that are not zero."""
    return {outcome: count for outcome, count in result["sessions"]["claude-code"].items() if count}


def rows() -> list[tuple[Any, ...]]:
    """All stored sessions and models."""
    sessions = CodingSession.objects.order_by("provider", "external_id")
    usages = ModelUsage.objects.order_by("session__external_id", "model")
    names = ("provider", "external_id", "started_at", "ended_at", "title", "cost_usd", "duration_ms", "user_ms")
    return [
        *sessions.values_list(*names, "assistant_ms", "cost_complete", "repo__path"),
        *usages.values_list("session__external_id", "model", "requests", "output_tokens", "cost_usd"),
    ]


# What is imported


def test_transcripts_become_sessions_with_their_models(run: Any, home: Path, user: Any) -> None:
    write(home, talk(), rollout())
    result = run()
    assert result["sessions"]["claude-code"] == {"new": 1, "updated": 0, "unchanged": 0, "skipped": 0, "refused": 0}
    assert result["sessions"]["codex"]["new"] == 1
    claude, codex = user.coding_sessions.order_by("provider")
    assert (claude.external_id, claude.cost_usd, claude.cost_complete) == ("a", SONNET_COST, True)
    assert (claude.duration_ms, claude.assistant_ms, claude.user_ms) == (120_000, 60_000, 60_000)
    assert claude.analyzed_at is not None
    used = claude.model_usage.get()
    counted = (used.requests, used.input_tokens, used.output_tokens, used.cache_write_tokens, used.cache_read_tokens)
    assert counted == (1, 100, 50, 25, 10)
    assert (codex.cost_usd, codex.duration_ms) == (Decimal("0.028"), 15_000)


def test_named_directories_are_read_in_place_of_the_usual_ones(run: Any, home: Path) -> None:
    write(home, talk("usual"))
    for name in ("one", "two"):
        talk(name).write(home / name)
    rollout("three").write(home / "three")
    run(claude=[str(home / "one"), str(home / "two")], codex=[str(home / "three")])
    assert set(CodingSession.objects.values_list("external_id", flat=True)) == {"one", "two", "three"}


def test_the_tools_own_variables_name_the_usual_places(run: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk().write(home / "moved")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "moved"))
    assert new(run()) == {"new": 1}


def test_titles_are_kept_only_when_asked_for(run: Any, home: Path) -> None:
    write(home, talk().line("custom-title", customTitle="Secret plan"))
    run()
    assert CodingSession.objects.get().title == ""
    assert new(run(with_titles=True)) == {"updated": 1}
    assert CodingSession.objects.get().title == "Secret plan"
    assert new(run()) == {"updated": 1}
    assert CodingSession.objects.get().title == ""


def test_nothing_that_somebody_wrote_is_kept_anywhere(run: Any, home: Path) -> None:
    write(home, talk().prompt("SECRET prompt").line("custom-title", customTitle="SECRET title"))
    run()
    kept = [*CodingSession.objects.values(), *ModelUsage.objects.values(), *ImportedSession.objects.values()]
    assert kept
    assert "SECRET" not in str([{name: bytes(v) if name == "lines" else v for name, v in row.items()} for row in kept])


def test_since_leaves_out_what_ended_before_that_day(run: Any, home: Path) -> None:
    write(home, talk("old"))
    late = talk("late")
    late.now += timedelta(days=30)
    write(home, late.prompt())
    result = run(since=import_transcripts._date("2026-06-01"))
    assert new(result) == {"new": 1, "skipped": 1}
    assert result["skipped"] == {"ended before the date given": 1}
    assert new(run()) == {"new": 1, "unchanged": 1}


def test_models_without_a_price_are_named_and_their_sessions_incomplete(run: Any, home: Path) -> None:
    write(home, talk().reply(usage(1, 1), model="mystery-9"))
    assert run()["unpriced_models"] == ["mystery-9"]
    session = CodingSession.objects.get()
    assert (session.cost_usd, session.cost_complete) == (SONNET_COST, False)


def test_without_a_price_list_costs_stay_unknown_and_a_warning_says_why(
    run: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_transcripts, "load_prices", lambda _overrides: NoPrices())
    write(home, talk())
    err = io.StringIO()
    run(stderr=err)
    assert "No price list is installed" in err.getvalue()
    assert CodingSession.objects.get().cost_usd is None


# Again, changed, interrupted


def test_importing_again_reads_nothing_and_changes_nothing(
    run: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, talk(), rollout())
    run()
    before = rows()
    written: list[Any] = []
    monkeypatch.setattr(CodingSessionManager, "record_many", lambda self, rows, **options: written.extend(rows) or [])
    result = run()
    assert (new(result), result["sessions"]["codex"]["unchanged"], written) == ({"unchanged": 1}, 1, [])
    assert rows() == before


def test_a_session_that_went_on_is_updated(run: Any, home: Path) -> None:
    session = talk()
    write(home, session)
    run()
    write(home, session.wait(60).reply(usage(100, 50, 25, 10)))
    assert new(run()) == {"updated": 1}
    assert CodingSession.objects.get().cost_usd == 2 * SONNET_COST


def test_a_deleted_transcript_leaves_its_session(run: Any, home: Path) -> None:
    path = talk().write(home / ".claude")
    write(home, talk("b"))
    run()
    path.unlink()
    assert new(run()) == {"unchanged": 1}
    assert CodingSession.objects.count() == 2


def test_two_peoples_imports_do_not_meet(run: Any, home: Path) -> None:
    write(home, talk())
    run()
    create_user("bob@example.com")
    call_command("import_transcripts", user="BOB@example.com", stdout=io.StringIO())
    assert sorted(CodingSession.objects.values_list("user__email", "cost_usd")) == [
        (EMAIL, SONNET_COST),
        ("bob@example.com", SONNET_COST),
    ]


def family() -> list[Claude]:
    """A session, its fork, a fork of that, and a session that shares nothing with them."""
    parent = talk("parent")
    child = parent.wait(60).fork("child").prompt().wait(10).reply(usage(100, 50, 25, 10), id="msg_child")
    grandchild = child.wait(60).fork("grandchild").prompt().wait(10).reply(usage(100, 50, 25, 10), id="msg_grand")
    return [parent, child, grandchild, talk("stranger")]


def quarrel() -> list[Claude]:
    """A session that goes on only after its silent fork did: read first, it later loses what they share."""
    elder = talk("z")
    fork = elder.fork("a", says_so=False).wait(10).prompt().wait(10).reply(usage(100, 50, 25, 10))
    return [elder.wait(3600).prompt().wait(10).reply(usage(100, 50, 25, 10)), fork]


def costs() -> dict[str, Decimal]:
    return dict(CodingSession.objects.values_list("external_id", "cost_usd"))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 0, 1, 3]], ids=str)
def test_forks_count_no_response_twice_in_whatever_order_they_come(run: Any, home: Path, order: list[int]) -> None:
    sessions = family()
    for number in order:
        write(home, sessions[number])
        run()
    assert costs() == dict.fromkeys(["parent", "child", "grandchild", "stranger"], SONNET_COST)


def test_a_session_that_loses_a_response_is_written_again(run: Any, home: Path) -> None:
    elder, fork = quarrel()
    write(home, elder)
    run()
    assert costs() == {"z": 2 * SONNET_COST}
    write(home, fork)
    assert new(run()) == {"new": 1, "updated": 1}
    assert costs() == {"a": 2 * SONNET_COST, "z": SONNET_COST}


@pytest.mark.parametrize("history", [family, quarrel])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 200])
@pytest.mark.parametrize("stop_after", range(4))
def test_an_import_interrupted_anywhere_is_completed_by_the_next(
    run: Any, home: Path, monkeypatch: pytest.MonkeyPatch, history: Any, batch_size: int, stop_after: int
) -> None:
    for age, session in enumerate(history()):
        os.utime(session.write(home / ".claude"), (age, age))
    expected = {
        derived.external_id: derived.record.cost_usd
        for derived in derive([TranscriptSource("claude-code", home / ".claude")], MemoryState())
        if derived.record is not None
    }
    monkeypatch.setattr(transcript_import, "BATCH_SIZE", batch_size)
    calls = iter(range(100))
    record_many = CodingSessionManager.record_many

    def stop(*args: Any, **options: Any) -> Any:
        if next(calls) >= stop_after:
            raise KeyboardInterrupt
        return record_many(*args, **options)

    with monkeypatch.context() as patched, suppress(CommandError):
        patched.setattr(CodingSessionManager, "record_many", stop)
        run()
    run()
    assert costs() == expected
    assert not ImportedSession.objects.filter(mark="").exists()


def test_an_interrupted_import_says_so(run: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    write(home, talk())
    monkeypatch.setattr(CodingSessionManager, "record_many", interrupt)
    with pytest.raises(CommandError, match=r"Interrupted\. Run the command again to import the rest\.") as caught:
        run()
    assert caught.value.returncode == 130


# Options and results


def test_a_dry_run_says_what_would_change_and_changes_nothing(run: Any, home: Path) -> None:
    elder, fork = quarrel()
    write(home, elder, talk("c"))
    run()
    before, kept = rows(), list(ImportedSession.objects.values_list("external_id", "mark"))
    write(home, fork, talk("b"))
    result = run(dry_run=True)
    assert result["dry_run"] is True
    assert new(result) == {"new": 2, "updated": 1, "unchanged": 1}
    assert (rows(), list(ImportedSession.objects.values_list("external_id", "mark"))) == (before, kept)
    assert not Repo.objects.exists()
    assert new(run()) == new(result)


def test_the_table_tells_all_of_it(home: Path, user: Any) -> None:
    write(home, talk().reply(usage(1, 1), model="mystery-9"), rollout())
    path = Claude("empty").write(home / ".claude")
    path.write_bytes(b"{nonsense}\n")
    out, err = io.StringIO(), io.StringIO()
    call_command("import_transcripts", user=EMAIL, stdout=out, stderr=err, verbosity=2)
    assert out.getvalue().splitlines() == [
        "                    new    updated  unchanged    skipped    refused",
        "Claude Code           1          0          0          1          0",
        "Codex                 1          0          0          0          0",
        "OpenCode              0          0          0          0          0",
        "Cursor                0          0          0          0          0",
        "Skipped sessions: 1 no line with a time",
        "Skipped lines: 1 not JSON",
        "Models without a price: mystery-9",
    ]
    assert f"{path}:1: not JSON" in err.getvalue()
    assert "nonsense" not in out.getvalue() + err.getvalue()


@pytest.mark.parametrize("as_json", [False, True])
def test_it_fails_and_says_where_it_looked_if_it_finds_no_transcripts(home: Path, user: Any, as_json: bool) -> None:
    (home / ".claude").mkdir()
    with pytest.raises(CommandError) as raised:
        call_command("import_transcripts", user=EMAIL, json=as_json, dry_run=True, stdout=io.StringIO())
    assert raised.value.returncode == 1
    assert str(raised.value).splitlines() == [
        "No transcripts were found. Looked for:",
        f"  Claude Code: {home}/.claude/{PROVIDERS['claude-code'].layout}",
        f"  Claude Code: {home}/.config/claude/{PROVIDERS['claude-code'].layout}",
        f"  Codex: {home}/.codex/{PROVIDERS['codex'].layout}",
        f"  OpenCode: {home}/.local/share/opencode/{PROVIDERS['opencode'].layout}",
        f"  Cursor: {home}/{PROVIDERS['cursor'].layout}",
        "Name other directories with --claude, --codex, --opencode, --cursor.",
    ]


def test_without_any_directory_it_names_those_where_the_agents_put_transcripts(home: Path, user: Any) -> None:
    with pytest.raises(CommandError, match=r"Codex: .*\.codex/sessions/YYYY/MM/DD/rollout-\*\.jsonl or archived"):
        call_command("import_transcripts", user=EMAIL, stdout=io.StringIO())


def test_files_that_are_not_read_are_counted_by_kind(home: Path, user: Any) -> None:
    write(home, talk(), rollout())
    (home / "elsewhere.jsonl").write_text("{}")
    (home / ".claude/projects/-nowhere-app/link.jsonl").symlink_to(home / "elsewhere.jsonl")
    (home / ".codex/sessions/other.jsonl").write_text("{}")
    out, err = io.StringIO(), io.StringIO()
    call_command("import_transcripts", user=EMAIL, stdout=out, stderr=err, verbosity=2)
    assert out.getvalue().splitlines()[5:] == [
        "Files of Claude Code that were not read: 1 symbolic link that leaves the directory",
        "Files of Codex that were not read: 1 not named rollout-*.jsonl",
    ]
    assert f"{home}/.codex/sessions/other.jsonl: not named rollout-*.jsonl" in err.getvalue()


def test_sessions_that_a_new_version_changes_are_counted_with_their_cost(run: Any, home: Path, settings: Any) -> None:
    write(home, talk(), talk("b"))
    assert run()["rederived"] == {"sessions": 0, "cost_before_usd": "0", "cost_after_usd": "0"}
    settings.ORG_ANALYTICS_PRICES = {SONNET: {"input": 1, "output": 1}}
    before = CodingSession.objects.first().cost_usd * 2
    assert run()["rederived"] == {
        "sessions": 2,
        "cost_before_usd": f"{before}",
        "cost_after_usd": f"{CodingSession.objects.first().cost_usd * 2}",
    }
    assert run()["rederived"]["sessions"] == 0


def test_an_update_of_the_parser_derives_everything_again_and_says_what_changed(
    run: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, talk(), rollout())

    reader: Any = type(PROVIDERS["codex"])
    read, version = reader.read, reader.parser_version

    def read_without_usage(*arguments: Any) -> Transcript:
        transcript: Transcript = read(*arguments)
        transcript.anonymous.clear()
        return transcript

    with monkeypatch.context() as before_the_update:
        before_the_update.setattr(reader, "parser_version", version - 1)
        before_the_update.setattr(reader, "read", read_without_usage)
        run()
    session = CodingSession.objects.get(provider="codex")
    assert session.cost_usd == 0

    result = run()

    session.refresh_from_db()
    assert session.cost_usd > 0
    assert result["rederived"] == {"sessions": 1, "cost_before_usd": "0", "cost_after_usd": f"{session.cost_usd}"}
    assert result["sessions"]["codex"]["updated"] == 1
    assert result["sessions"]["claude-code"]["unchanged"] == 1
    assert run()["rederived"]["sessions"] == 0


def test_every_file_is_accounted_for(run: Any, home: Path, user: Any) -> None:
    """Whatever lies in the directories that are searched is read, not read for a reason, or another file."""
    write(home, talk().agent("x", {"input_tokens": 1}), rollout())
    odd = {
        ".claude/projects/-x/notes.txt": "",
        ".claude/projects/-x/empty.jsonl": "",
        ".claude/projects/-x/deep/er/a.jsonl": "{}",
        ".claude/projects/-x/audit.jsonl": "{}",
        ".claude/projects/loose.jsonl": "{}",
        ".codex/sessions/2026/rollout-a.jsonl": "{}",
        ".codex/sessions/2026/rollout-a.json": "{}",
        ".codex/archived_sessions/readme.md": "",
        ".local/share/opencode/opencode.db": "no database",
        ".local/share/opencode/storage/session/p/ses_a.json": "[]",
        ".local/share/opencode/storage/session/loose.json": "{}",
        ".local/share/opencode/storage/message/ses_gone/msg_1.json": "{}",
        ".cursor/projects/x/agent-transcripts/old.txt": "",
        ".cursor/projects/x/agent-transcripts/a/b.jsonl": "{}",
        ".cursor/projects/x/agent-transcripts/a/b.png": "",
        ".cursor/chats/0/abc/store.db": "",
        ".cursor/chats/0/abc/other": "",
    }
    for path, content in odd.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(content)
    (home / ".claude/projects/-x/gone.jsonl").symlink_to(home / ".claude/projects/-x/missing.jsonl")
    files = run()["files"].values()
    number = sum(path.is_file() or path.is_symlink() for path in home.rglob("*"))
    assert sum(found["read"] + found["other"] + sum(found["not_read"].values()) for found in files) == number


def test_bad_price_overrides_are_named(run: Any, home: Path, settings: Any) -> None:
    write(home, talk())
    settings.ORG_ANALYTICS_PRICES = {"m": {"input": "x", "output": 1}}
    with pytest.raises(CommandError, match="ORG_ANALYTICS_PRICES: m: input is not a number"):
        run()


def test_a_refused_session_does_not_stop_the_others_and_comes_again(run: Any, home: Path) -> None:
    crowd = talk("crowd")
    for number in range(101):
        crowd.reply(usage(1, 1), model=f"model-{number}")
    write(home, crowd, talk())
    for _attempt in range(2):
        with pytest.raises(
            CommandError, match="Refused: claude-code crowd: models: Must be a list of at most"
        ) as caught:
            run()
        assert caught.value.returncode == 1
        assert CodingSession.objects.get().external_id == "a"


def test_the_first_of_many_refused_sessions_are_named(run: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_analytics.models.validation.MAX_MODELS", 0)
    write(home, *(talk(f"s{number:02}") for number in range(22)))
    with pytest.raises(CommandError) as caught:
        run()
    assert str(caught.value).count("Refused: claude-code s") == 20
    assert str(caught.value).endswith("Refused: 2 more")


@pytest.mark.parametrize("email", ["nobody@example.com", "twice@example.com", "no address\0"])
def test_a_user_who_is_not_one_is_refused(home: Path, make_user: Any, email: str) -> None:
    make_user("twice@example.com")
    make_user("Twice@example.com")
    with pytest.raises(CommandError, match="--user: ") as caught:
        call_command("import_transcripts", user=email)
    assert caught.value.returncode == 2


def test_a_missing_directory_is_refused(home: Path, user: Any) -> None:
    with pytest.raises(CommandError, match="missing is not a directory") as caught:
        call_command("import_transcripts", user=EMAIL, codex=[str(home / "missing")])
    assert caught.value.returncode == 2


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "0001-01-01T00:00", ""])
def test_an_invalid_date_is_refused(home: Path, user: Any, date: str) -> None:
    with pytest.raises(CommandError, match="must be a date such as 2026-11-01"):
        call_command("import_transcripts", "--user", EMAIL, "--since", date)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_of_bytes_and_the_output_stays_json(
    run: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home, talk())
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run()
    assert "] 100% of 0.0 MB" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_path_that_is_not_text_is_stored(run: Any, home: Path) -> None:
    directory = os.fsencode(home / ".claude" / "projects") + b"/\xff\xfe"
    os.makedirs(directory)
    path = talk().write(home / "elsewhere")
    os.rename(os.fsencode(path), directory + b"/a.jsonl")
    assert new(run()) == {"new": 1}
    assert new(run()) == {"unchanged": 1}


# The state in the database behaves like the one in memory

PROVIDER_NAMES, SESSIONS = st.sampled_from(["claude-code", "codex"]), st.sampled_from("abc")
FILES = st.lists(
    st.builds(SourceFile, st.sampled_from(["/a", "/b\udcff"]), st.integers(0, 3), st.integers(0, 2**62)), max_size=2
).map(tuple)
REPOSITORIES = st.sampled_from([None, {"path": "acme/api"}])
KEYS = st.sets(st.sampled_from([-(2**63), -1, 0, 1, 2, 2**63 - 1]), max_size=4)
SAVES = st.tuples(st.just("save"), PROVIDER_NAMES, SESSIONS, FILES, st.tuples(KEYS, REPOSITORIES))
MARKS = st.tuples(st.just("mark"), PROVIDER_NAMES, SESSIONS, FILES, st.text("x1:", max_size=3))


@settings(deadline=None, max_examples=60)
@given(st.lists(SAVES | MARKS, max_size=12), KEYS)
def test_the_state_in_the_database_is_that_in_memory(steps: list[Any], asked: set[int]) -> None:
    ImportedSession.objects.all().delete()
    states = [MemoryState(), DatabaseState(get_user_model().objects.first() or create_user(EMAIL))]
    for step, provider, session, files, what in steps:
        for state in states:
            if step == "save":
                keys, repository = what
                state.save(
                    SessionRead(
                        provider, session, files, pack([KeyEntry(key, 5, 1) for key in sorted(keys)]), repository
                    )
                )
            else:
                state.mark_stored([Receipt(provider, session, files, what)])
    for provider in ("claude-code", "codex"):
        memory, database = ([view(state, provider, asked)] for state in states)
        assert memory == database


def view(state: Any, provider: str, asked: set[int]) -> Any:
    kept: dict[str, tuple[KnownSession | None, bytes]] = {
        session: (state.session(provider, session), state.lines(provider, session)) for session in "abcd"
    }
    return kept, state.pending(provider), state.sharing(provider, asked)


def test_thousands_of_lines_are_kept_and_found_again(user: Any) -> None:
    state = DatabaseState(user)
    state.save(SessionRead("codex", "a", (), pack([KeyEntry(key, 0, 0) for key in range(5000)])))
    assert state.sharing("codex", range(4999, 40_000)) == {"a"}
    assert state.sharing("codex", range(5000, 40_000)) == set()
    state.save(SessionRead("codex", "a", (), pack([KeyEntry(7, 0, 0)])))
    assert list(ImportedLine.objects.values_list("key", flat=True)) == [7]


def test_deleting_a_user_deletes_their_import_state(user: Any) -> None:
    DatabaseState(user).save(SessionRead("codex", "a", (), pack([KeyEntry(1, 0, 0)])))
    assert str(ImportedSession.objects.get()) == "codex a"
    assert str(ImportedLine.objects.get()) == "1"
    deepcopy(user).delete()
    assert not ImportedSession.objects.exists()
    assert not ImportedLine.objects.exists()
