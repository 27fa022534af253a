"""`manage.py load_sessions`: load JSON Lines through the write API."""

import io
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from org_analytics.management.commands import load_sessions
from org_analytics.models import CodingSession, Repo

pytestmark = [pytest.mark.django_db, pytest.mark.core]

LINE = {"email": "ann@example.com", "provider": "codex", "external_id": "s1", "started_at": "2026-06-01T10:00:00Z"}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., str]:
    """`load(line, …, dry_run=True)`: run the command on these lines (objects or bytes); gives its output."""

    def run(*lines: Any, **options: Any) -> str:
        file = tmp_path / "sessions.jsonl"
        file.write_bytes(
            b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
        )
        out = io.StringIO()
        call_command("load_sessions", str(file), stdout=out, **options)
        return out.getvalue()

    return run


def test_each_line_becomes_a_session_of_the_user_with_that_email(load: Any, user: Any) -> None:
    full = {
        **LINE,
        "ended_at": "2026-06-01T13:00:00+02:00",
        "title": "Fix it",
        "git_info": {"repo_url": "git@github.com:acme/api.git"},
        "cost_usd": 1.25,
        "duration_ms": 60_000,
        "assistant_ms": 40_000,
        "user_ms": 10_000,
    }
    assert load(full, {**LINE, "external_id": "s2"}) == "2 created, 0 updated, 0 unchanged.\n"
    session = CodingSession.objects.get(external_id="s1")
    assert session.user == user
    assert (session.cost_usd, session.title, session.repo.path) == (Decimal("1.25"), "Fix it", "acme/api")


def test_a_recap_is_loaded_and_a_bad_one_is_named_without_its_text(load: Any, user: Any) -> None:
    recap = {"recap": "Fixed.\nAt last.", "went_well": ["Quick."], "computed_at": "2026-06-01T14:00:00Z"}
    bad = {**recap, "went_well": ["canary\0"]}

    assert load({**LINE, "recap": recap}) == "1 created, 0 updated, 0 unchanged.\n"
    assert load({**LINE, "recap": recap}) == "0 created, 0 updated, 1 unchanged.\n"
    assert load(LINE) == "0 created, 0 updated, 1 unchanged.\n"
    assert CodingSession.objects.get().recap.recap == "Fixed.\nAt last."
    with pytest.raises(CommandError, match=r"line 1: recap: went_well: \[0\]: Must not") as caught:
        load({**LINE, "recap": bad})
    assert "canary" not in str(caught.value)


def test_loading_again_changes_nothing_and_a_changed_line_updates(load: Any, user: Any) -> None:
    load(LINE)
    assert load(LINE) == "0 created, 0 updated, 1 unchanged.\n"
    assert load({**LINE, "title": "New"}) == "0 created, 1 updated, 0 unchanged.\n"


def test_a_cost_keeps_every_digit_that_was_written(load: Any, user: Any) -> None:
    load(json.dumps(LINE).encode()[:-1] + b', "cost_usd": 12345.123456789}')
    assert CodingSession.objects.get().cost_usd == Decimal("12345.123456789")


@pytest.mark.parametrize("email", ["ANN@EXAMPLE.COM", "Ann@Example.com"])
def test_emails_match_in_any_case(load: Any, user: Any, email: str) -> None:
    load({**LINE, "email": email})
    assert CodingSession.objects.get().user == user


def test_emails_beyond_ascii_match_in_any_case(load: Any, make_user: Any) -> None:
    zoe = make_user("zoë@example.com")
    load({**LINE, "email": "ZOË@example.com"})
    assert CodingSession.objects.get().user == zoe


def test_an_unknown_email_names_the_line_and_the_field(load: Any, user: Any) -> None:
    with pytest.raises(CommandError, match=r"line 2: email: No user has this e-mail address"):
        load(LINE, {**LINE, "email": "bob@example.com"})
    assert CodingSession.objects.get().external_id == "s1"


def test_an_email_of_several_users_names_the_line(load: Any, make_user: Any) -> None:
    make_user("Bob@example.com")
    make_user("bob@example.com")
    with pytest.raises(CommandError, match=r"line 1: email: Several users"):
        load({**LINE, "email": "bob@example.com"}, create_users=True)


def test_a_user_model_without_email_names_the_line(load: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(user), "get_email_field_name", lambda: "mail")
    with pytest.raises(CommandError, match="line 1: email: The user model has no e-mail field"):
        load(LINE)


def test_create_users_makes_a_user_who_cannot_log_in_once(load: Any) -> None:
    lines = [{**LINE, "email": "new@example.com"}, {**LINE, "email": "NEW@example.com", "external_id": "s2"}]
    assert load(*lines, create_users=True) == "2 created, 0 updated, 0 unchanged. Users created: 1.\n"
    made = get_user_model().objects.get()
    assert made.email == "new@example.com"
    assert not made.has_usable_password()
    assert made.coding_sessions.count() == 2
    assert load(*lines, create_users=True) == "0 created, 0 updated, 2 unchanged.\n"


def test_create_users_creates_no_user_for_an_invalid_address(load: Any) -> None:
    with pytest.raises(CommandError, match=r"line 1: email: No user can be made: email: "):
        load({**LINE, "email": "nobody"}, create_users=True)
    assert not get_user_model().objects.exists()


def test_a_dry_run_says_what_would_change_and_changes_nothing(load: Any, user: Any) -> None:
    load(LINE)
    git_info = {"repo_url": "acme/api"}
    lines = [{**LINE, "title": "New"}, {**LINE, "external_id": "s2", "git_info": git_info}]
    new = {**LINE, "external_id": "s3", "email": "new@example.com"}
    output = load(*lines, new, dry_run=True, create_users=True)
    assert output == "Dry run, nothing was written: 2 created, 1 updated, 0 unchanged. Users created: 1.\n"
    assert CodingSession.objects.get().title == ""
    assert get_user_model().objects.get() == user
    assert not Repo.objects.exists()


def test_a_dry_run_finds_bad_lines(load: Any, user: Any) -> None:
    with pytest.raises(CommandError, match="line 1: duration_ms: "):
        load({**LINE, "duration_ms": -1}, dry_run=True)


BAD_LINES = {
    "no JSON": (b"{", "Not JSON at character"),
    "no UTF-8": (b'{"\xff"', r"Not UTF-8 at byte 3\."),
    "no object": (b"[]", r"Must be an object\."),
    "name twice": (b'{"email": "a", "email": "b"}', "duplicate name"),
    "NaN": (b'{"cost_usd": NaN}', "NaN"),
    "deep nesting": (b"[" * 100_000, r"Nested too deeply\."),
    "endless integer": (b'{"duration_ms": ' + b"9" * 5000 + b"}", "too many digits"),
    "endless exponent": (b'{"cost_usd": 1e' + b"9" * 30 + b"}", "out of range"),
    "no email": ({"provider": "codex"}, "email: This field is required"),
    "email is a number": ({**LINE, "email": 5}, "email: Must be an e-mail address"),
    "email with NUL": ({**LINE, "email": "a\0@example.com"}, "email: Must be an e-mail address"),
    "email with half a character": ({**LINE, "email": "a\ud800@example.com"}, "email: Must be an e-mail address"),
    "user": ({**LINE, "user": 1}, "user: Unknown field"),
    "unknown field": ({**LINE, "cost": 1}, "cost: Unknown field"),
    "naive start": ({**LINE, "started_at": "2026-06-01T10:00:00"}, "started_at: Must have a time zone"),
    "unknown provider": ({**LINE, "provider": "windsurf"}, "provider: Must be one of"),
}


@pytest.mark.parametrize(("line", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_named_and_the_others_are_written(load: Any, user: Any, line: Any, message: str) -> None:
    with pytest.raises(CommandError, match=f"line 2: .*{message}"):
        load({**LINE, "external_id": "before"}, line, {**LINE, "external_id": "after"})
    assert set(CodingSession.objects.values_list("external_id", flat=True)) == {"before", "after"}


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_every_bad_line_is_named_and_the_other_lines_are_written(
    load: Any, user: Any, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    monkeypatch.setattr(load_sessions, "BATCH_SIZE", batch_size)
    good = [{**LINE, "external_id": f"s{number}"} for number in range(6)]
    bad = {**LINE, "provider": "windsurf", "title": 5}
    with pytest.raises(CommandError) as caught:
        load(good[0], good[1], bad, {**good[2], "email": "new@example.com"}, good[3], bad, good[4], create_users=True)
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        ["line 3", "provider"],
        ["line 3", "title"],
        ["line 6", "provider"],
        ["line 6", "title"],
        ["Invalid lines", "2. Written"],
    ]
    assert set(CodingSession.objects.values_list("external_id", flat=True)) == {"s0", "s1", "s2", "s3", "s4"}
    assert CodingSession.objects.get(external_id="s2").user.email == "new@example.com"


@pytest.mark.parametrize("batch_size", [1, 500])
def test_invalid_lines_make_no_user_but_a_valid_line_after_them_does(
    load: Any, user: Any, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    monkeypatch.setattr(load_sessions, "BATCH_SIZE", batch_size)
    new, other = {**LINE, "email": "new@example.com"}, {**LINE, "email": "other@example.com"}
    with pytest.raises(CommandError, match="Users created: 1"):
        load({**new, "duration_ms": -1}, {**other, "title": 5}, new, create_users=True)
    assert CodingSession.objects.get().user.email == "new@example.com"
    assert set(get_user_model().objects.all()) == {user, CodingSession.objects.get().user}


def test_many_bad_lines_beside_good_ones_are_all_named(load: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_sessions, "BATCH_SIZE", 10)
    lines = [b"?" if number % 2 else {**LINE, "external_id": f"s{number}"} for number in range(100)]
    with pytest.raises(CommandError, match=r"Invalid lines: 50\. Written: 50 created") as caught:
        load(*lines)
    assert str(caught.value).count("Not JSON") == 50


def test_the_wrong_file_is_not_read_to_its_end(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_sessions, "BATCH_SIZE", 10)
    with pytest.raises(CommandError) as caught:
        load(*[b"?"] * 100)
    assert str(caught.value).count("Not JSON") == 20
    assert "Stopped reading" in str(caught.value)


def test_blank_lines_and_a_byte_order_mark_are_passed_over_and_lines_keep_their_numbers(load: Any, user: Any) -> None:
    load(b"\xef\xbb\xbf" + json.dumps(LINE).encode(), b"", b"  \r", {**LINE, "external_id": "s2"})
    assert CodingSession.objects.count() == 2
    with pytest.raises(CommandError, match="line 3: "):
        load(LINE, b"", b"{")


def test_a_dash_reads_standard_input(user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(LINE).encode())))
    out = io.StringIO()
    call_command("load_sessions", "-", stdout=out)
    assert out.getvalue() == "1 created, 0 updated, 0 unchanged.\n"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.jsonl: No such file"):
        call_command("load_sessions", str(tmp_path / "missing.jsonl"))
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("load_sessions", str(tmp_path))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_progress_bar_which_is_wiped(load: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    load(LINE)
    assert "] 100% of 0.0 MB" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_pipe_shows_what_is_done_without_a_bar(user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.write(write, json.dumps(LINE).encode())
    os.close(write)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with open(read) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        call_command("load_sessions", "-", stdout=io.StringIO())
    assert "0.0 MB" in terminal.getvalue()
    assert "[#" not in terminal.getvalue()


def test_nothing_is_drawn_where_there_is_no_terminal(load: Any, user: Any, capsys: pytest.CaptureFixture[str]) -> None:
    load(LINE)
    assert capsys.readouterr().err == ""


def interrupt(*args: Any) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_run_says_how_far_it_came(load: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_sessions, "BATCH_SIZE", 1)
    monkeypatch.setattr(load_sessions.ProgressBar, "to", interrupt)
    with pytest.raises(CommandError, match=r"Interrupted\. 1 created") as caught:
        load(LINE, {**LINE, "external_id": "s2"})
    assert caught.value.returncode == 130
    assert CodingSession.objects.count() == 1
