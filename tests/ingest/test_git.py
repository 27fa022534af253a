"""Which repository a directory belongs to, and how little of it leaves the machine."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from org_analytics.ingest import git
from org_analytics.repo_paths import GitPaths, paths_from_git_info
from tests.ingest.machine import Machine
from tests.ingest.writing import Claude, usage

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    git.look_up.cache_clear()
    yield
    git.look_up.cache_clear()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    directory = tmp_path / "clone"
    run(tmp_path, "init", "--quiet", "clone")
    return directory


def run(directory: Path, *command: str) -> None:
    subprocess.run(["git", "-C", str(directory), *command], check=True, capture_output=True)


def test_origin_is_the_repository(clone: Path) -> None:
    run(clone, "remote", "add", "origin", "https://user:s3cret@git.example.org/acme/api.git")
    run(clone, "remote", "add", "backup", "git@elsewhere.example.org:me/backup.git")
    assert git.look_up(str(clone), "main") == GitPaths("acme/api")


def test_another_repository_that_the_branch_tracks_is_upstream(clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:alice/api.git")
    run(clone, "remote", "add", "canonical", "ssh://git@git.example.org:2222/acme/api.git")
    run(clone, "remote", "add", "third", "git@git.example.org:x/y.git")
    run(clone, "config", "branch.fix/it.remote", "canonical")
    assert git.look_up(str(clone), "fix/it") == GitPaths("alice/api", "acme/api")
    assert git.look_up(str(clone), "main") == GitPaths("alice/api")
    assert git.look_up(str(clone), None) == GitPaths("alice/api")


def test_without_origin_the_first_remote_counts(clone: Path) -> None:
    run(clone, "remote", "add", "fork", "git@git.example.org:alice/api.git")
    assert git.look_up(str(clone), "main") == GitPaths("alice/api")


def test_local_remotes_are_no_repositories(clone: Path) -> None:
    run(clone, "remote", "add", "origin", "/srv/git/acme/api.git")
    assert git.look_up(str(clone), "main") is None
    run(clone, "remote", "set-url", "origin", "git@git.example.org:alice/api.git")
    run(clone, "remote", "add", "local", "../acme/api")
    run(clone, "config", "branch.main.remote", "local")
    git.look_up.cache_clear()
    assert git.look_up(str(clone), "main") == GitPaths("alice/api")


def test_a_subdirectory_belongs_to_its_clone(clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    (clone / "src").mkdir()
    assert git.look_up(str(clone / "src"), None) == GitPaths("acme/api")


@pytest.mark.parametrize("cwd", ["/nowhere/at/all", ".", "", "a\x00b", "-x", "\ud800"])
def test_what_is_no_directory_has_no_repository(cwd: str) -> None:
    assert git.look_up(cwd, "main") is None


@pytest.mark.parametrize("branch", ["--global", "a\x00b", "\ud800", "x" * 10_000, "$(touch x)", "a b"])
def test_odd_branches_change_nothing(clone: Path, branch: str) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    assert git.look_up(str(clone), branch) == GitPaths("acme/api")


def test_a_directory_without_git_has_no_repository(
    tmp_path: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git.look_up(str(clone), "main") is None
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    git.look_up.cache_clear()
    assert git.look_up(str(clone), "main") is None


def test_the_environment_of_a_hook_does_not_lead_elsewhere(
    tmp_path: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    run(tmp_path, "init", "--quiet", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    assert git.look_up(str(clone), None) == GitPaths("acme/api")


def test_a_git_that_hangs_is_left(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    assert git.look_up(str(clone), "main") is None


def test_nothing_in_a_hostile_clone_is_run(clone: Path) -> None:
    mark = clone / "was-run"
    script = clone / "evil"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    for setting in ("core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "filter.x.clean"):
        run(clone, "config", setting, str(script))
    for hook in ("post-index-change", "reference-transaction"):
        shutil.copy(script, clone / ".git/hooks" / hook)
    assert git.look_up(str(clone), "main") == GitPaths("acme/api")
    assert not mark.exists()


def test_a_session_is_of_the_repository_it_was_in(machine: Machine, clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    session = Claude("s", cwd="/nowhere/deleted-worktree").prompt()
    session.cwd = str(clone)
    assert machine.one(session.prompt()).git_info == {"path": "acme/api"}


def test_a_session_keeps_its_repository_when_its_clone_is_gone(machine: Machine, clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    session = Claude("s", cwd=str(clone)).prompt().wait(5).reply(usage(1, 1))
    machine.one(session)
    shutil.rmtree(clone)
    git.look_up.cache_clear()
    assert machine.one(session.wait(5).prompt()).git_info == {"path": "acme/api"}
    assert machine.one(session, with_titles=True).git_info == {"path": "acme/api"}  # derived again, not grown


def test_a_session_that_loses_lines_keeps_its_repository_when_its_clone_is_gone(machine: Machine, clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    parent = Claude("ppp", cwd=str(clone)).prompt().wait(5).reply(usage(1, 1)).wait(5)
    fork = parent.fork("fff", says_so=False).wait(60).prompt().wait(5).reply(usage(2, 2))
    machine.one(fork)
    shutil.rmtree(clone)
    git.look_up.cache_clear()
    machine.one(parent.prompt())
    assert machine.rows["claude-code", "fff"].git_info == {"path": "acme/api"}
    machine.one(fork.prompt())
    assert machine.rows["claude-code", "fff"].git_info == {"path": "acme/api"}


def test_a_clone_that_moved_to_another_repository_is_believed(machine: Machine, clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    session = Claude("s", cwd=str(clone)).prompt()
    machine.one(session)
    run(clone, "remote", "set-url", "origin", "git@git.example.org:acme/server.git")
    git.look_up.cache_clear()
    assert machine.one(session.wait(5).prompt()).git_info == {"path": "acme/server"}


def test_git_info_has_only_the_paths() -> None:
    assert git.as_git_info(GitPaths("alice/api", "acme/api")) == {"path": "alice/api", "upstream_path": "acme/api"}
    assert git.as_git_info(GitPaths("acme/api")) == {"path": "acme/api"}


@pytest.mark.parametrize("upstream", [None, 5, "", "nonsense", "/srv/acme/api", "git@h:ACME/api.git"])
def test_an_upstream_that_is_local_odd_or_the_repository_itself_is_none(upstream: object) -> None:
    assert git.repository_of("git@h:acme/api.git", upstream) == GitPaths("acme/api")


def test_a_mirror_in_the_git_configuration_of_a_developer_does_not_rename_the_repository(clone: Path) -> None:
    run(clone, "remote", "add", "origin", "https://git.example.org/acme/api.git")
    run(clone, "config", "branch.main.remote", "origin")
    run(clone, "config", "url.https://mirror.example.org/mirrors/.insteadOf", "https://git.example.org/")
    assert git.look_up(str(clone), "main") == GitPaths("acme/api")


def test_a_shorthand_of_the_git_configuration_is_resolved_for_every_remote(clone: Path) -> None:
    run(clone, "remote", "add", "origin", "me:api")
    run(clone, "remote", "add", "upstream", "acme:api")
    run(clone, "config", "branch.main.remote", "upstream")
    run(clone, "config", "url.git@git.example.org:acme/.insteadOf", "acme:")
    run(clone, "config", "url.git@git.example.org:alice/.insteadOf", "me:")
    assert git.look_up(str(clone), "main") == GitPaths("alice/api", "acme/api")


@pytest.mark.parametrize(
    "gone",
    [
        "/.claude/worktrees/gone",
        "/.claude/worktrees/gone/src/deep",
        "/.claude/worktrees/gone/.claude/worktrees/gone-too",
        "\\.claude\\worktrees\\gone",
    ],
)
def test_a_removed_worktree_of_claude_code_belongs_to_its_clone(clone: Path, gone: str) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    assert git.look_up(f"{clone}{gone}", "main") == GitPaths("acme/api")


@pytest.mark.parametrize("gone", ["/src/gone", "/.claude/gone", "/.claude/worktrees"])
def test_any_other_directory_that_is_gone_has_no_repository(clone: Path, gone: str) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    assert git.look_up(f"{clone}{gone}", "main") is None


def test_a_worktree_that_exists_is_asked_itself(tmp_path: Path, clone: Path) -> None:
    run(clone, "remote", "add", "origin", "git@git.example.org:acme/api.git")
    run(tmp_path, "init", "--quiet", "clone/.claude/worktrees/other")
    other = clone / ".claude/worktrees/other"
    run(other, "remote", "add", "origin", "git@git.example.org:acme/other.git")
    assert git.look_up(str(other), None) == GitPaths("acme/other")
    assert git.look_up(f"{other}/.claude/worktrees/gone", None) == GitPaths("acme/other")


@pytest.mark.parametrize("paths", [GitPaths("ann/api", "acme/api"), GitPaths("my.group/sub/api"), GitPaths("acme/api")])
def test_the_core_takes_the_git_info_as_it_is(paths: GitPaths) -> None:
    assert paths_from_git_info(git.as_git_info(paths)) == paths


# A developer's own configuration -------------------------------------------------------------------------------------


@pytest.fixture
def global_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's own git configuration, in place of the one of the machine that runs the tests."""
    path = tmp_path / "gitconfig"
    path.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return path


def configure(path: Path, name: str, value: str) -> None:
    subprocess.run(["git", "config", "--file", str(path), "--add", name, value], check=True, capture_output=True)


def track(clone: Path, remote: str, branch: str = "main") -> None:
    run(clone, "config", f"branch.{branch}.remote", remote)


@pytest.mark.parametrize("setting", ["insteadOf", "pushInsteadOf"])
def test_a_mirror_is_not_an_upstream(clone: Path, global_config: Path, setting: str) -> None:
    configure(global_config, f"url.https://mirror.example.org/mirrors/.{setting}", "https://github.com/")
    run(clone, "remote", "add", "origin", "https://github.com/acme/api.git")
    track(clone, "origin")

    assert git.look_up(str(clone), "main") == GitPaths("acme/api")


def test_through_a_mirror_a_fork_and_its_upstream_are_as_configured(clone: Path, global_config: Path) -> None:
    configure(global_config, "url.https://mirror.example.org/mirrors/.insteadOf", "https://github.com/")
    run(clone, "remote", "add", "origin", "https://github.com/ann/api.git")
    run(clone, "remote", "add", "upstream", "https://github.com/acme/api.git")
    track(clone, "upstream")

    assert git.look_up(str(clone), "main") == GitPaths("ann/api", "acme/api")


def test_a_short_form_that_holds_no_path_counts_as_rewritten(clone: Path, global_config: Path) -> None:
    configure(global_config, "url.git@github.com:acme/.insteadOf", "acme:")
    configure(global_config, "url.https://github.com/.insteadOf", "gh:")
    run(clone, "remote", "add", "origin", "acme:api")
    run(clone, "remote", "add", "upstream", "gh:base/api")
    track(clone, "upstream")

    assert git.look_up(str(clone), "main") == GitPaths("acme/api", "base/api")


def test_a_tracked_remote_in_a_short_form_counts_as_rewritten(clone: Path, global_config: Path) -> None:
    configure(global_config, "url.git@github.com:acme/.insteadOf", "acme:")
    run(clone, "remote", "add", "origin", "git@github.com:ann/api.git")
    run(clone, "remote", "add", "upstream", "acme:api")
    track(clone, "upstream")

    assert git.look_up(str(clone), "main") == GitPaths("ann/api", "acme/api")


def test_a_remote_that_is_rewritten_to_a_directory_is_as_configured(
    tmp_path: Path, clone: Path, global_config: Path
) -> None:
    configure(global_config, f"url.{tmp_path}/.insteadOf", "https://github.com/")
    run(clone, "remote", "add", "origin", "https://github.com/acme/api.git")

    assert git.look_up(str(clone), "main") == GitPaths("acme/api")


def test_a_place_to_push_to_does_not_rename_the_repository(clone: Path, global_config: Path) -> None:
    run(clone, "remote", "add", "origin", "https://github.com/acme/api.git")
    run(clone, "remote", "set-url", "--push", "origin", "git@github.com:ann/api.git")
    track(clone, "origin")

    assert git.look_up(str(clone), "main") == GitPaths("acme/api")


def test_a_remote_to_push_to_only_has_its_push_url(clone: Path, global_config: Path) -> None:
    run(clone, "remote", "add", "origin", "git@github.com:ann/api.git")
    run(clone, "config", "remote.upstream.pushurl", "git@github.com:acme/api.git")
    track(clone, "upstream")

    assert git.look_up(str(clone), "main") == GitPaths("ann/api", "acme/api")


def test_of_several_urls_the_first_is_the_repository(clone: Path, global_config: Path) -> None:
    run(clone, "remote", "add", "origin", "https://github.com/acme/api.git")
    run(clone, "remote", "set-url", "--add", "origin", "git@backup.example.org:me/backup.git")

    assert git.look_up(str(clone), "main") == GitPaths("acme/api")


@pytest.mark.parametrize("name", ["up.stream", "team/up", "url", "ü"])
def test_a_remote_may_have_any_name(clone: Path, global_config: Path, name: str) -> None:
    run(clone, "remote", "add", "origin", "git@github.com:ann/api.git")
    run(clone, "config", f"remote.{name}.url", "git@github.com:acme/api.git")
    track(clone, name)

    assert git.look_up(str(clone), "main") == GitPaths("ann/api", "acme/api")


@pytest.mark.parametrize("remote", [".", "nowhere", "https://github.com/acme/api"])
def test_a_branch_that_tracks_no_remote_names_no_upstream(clone: Path, global_config: Path, remote: str) -> None:
    run(clone, "remote", "add", "origin", "git@github.com:ann/api.git")
    track(clone, remote)

    assert git.look_up(str(clone), "main") == GitPaths("ann/api")


def test_two_spellings_of_one_repository_are_not_a_fork(clone: Path, global_config: Path) -> None:
    run(clone, "remote", "add", "origin", "https://bitbucket.example.org/scm/PROJ/api.git")
    run(clone, "remote", "add", "ssh", "ssh://git@bitbucket.example.org:7999/proj/api.git")
    track(clone, "ssh")

    assert git.look_up(str(clone), "main") == GitPaths("PROJ/api")
