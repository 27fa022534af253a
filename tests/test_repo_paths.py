"""From a git remote to a path: tables of cases, and what holds for any text."""

import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from org_analytics.repo_paths import GitPaths, fold_case, is_local, paths_from_git_info, repo_path

USUAL_FORMS = {
    "https://github.com/acme/api": "acme/api",
    "https://github.com/acme/api.git": "acme/api",
    "https://github.com/acme/api/": "acme/api",
    "https://github.com/acme/api.git/": "acme/api",
    "https://github.com/acme/api.git//": "acme/api",
    "HTTPS://GitHub.com/Acme/API.git": "Acme/API",
    "http://localhost:3000/acme/api": "acme/api",
    "https://github.com:443/acme/api.git": "acme/api",
    "https://github.com:/acme/api.git": "acme/api",
    "https://[::1]:8080/acme/api.git": "acme/api",
    "https://[::1]/acme/api.git": "acme/api",
    "https://user@github.com/acme/api.git": "acme/api",
    "https://user:token@github.com:443/acme/api.git/": "acme/api",
    "https://oauth2:glpat-x@gitlab.com/group/sub/repo.git": "group/sub/repo",
    "https://user%40corp.com:tok@host/acme/api": "acme/api",
    "git@github.com:acme/api.git": "acme/api",
    "git@github.com:acme/api": "acme/api",
    "git@github.com:/acme/api.git": "acme/api",
    "github.com:acme/api.git": "acme/api",
    "work-alias:acme/api.git": "acme/api",
    "git:acme/api": "acme/api",
    "git@[::1]:acme/api.git": "acme/api",
    "git@[::1]:2222/acme/api.git": "acme/api",
    "git@host:2222/acme/api.git": "acme/api",
    "git@host:123/api.git": "123/api",
    "git@gitlab.com:group/sub/repo.git": "group/sub/repo",
    "git@git.sr.ht:~owner/repo": "~owner/repo",
    "ssh://git@host:2222/acme/api.git": "acme/api",
    "ssh://host/acme/api.git": "acme/api",
    "git+ssh://git@host/acme/api.git": "acme/api",
    "git://host/acme/api.git": "acme/api",
    "ftp://host/acme/api.git": "acme/api",
    "acme/api": "acme/api",
    "acme/api.git": "acme/api",
    "  acme/api  ": "acme/api",
    "group/sub/repo": "group/sub/repo",
    "my.group/sub/repo": "my.group/sub/repo",
    "git/git": "git/git",
    "ssh/https": "ssh/https",
    "acme/.github": "acme/.github",
    "acme/api.git.git": "acme/api",
    "acme/дом": "acme/дом",
    "https://host/acme//api": "acme/api",
    "https://host/./acme/../api": "acme/api",
    "https://host/acme/api?ref=main": "acme/api",
    "https://host/acme/api.git#readme": "acme/api",
    "https://host/acme/api%20x": "acme/api%20x",
}

LOCAL_FORMS = {
    "file:///srv/git/acme/api.git": "acme/api",
    "file://fileserver/acme/api.git": "acme/api",
    "FILE:/srv/acme/api": "acme/api",
    "/srv/git/acme/api.git/": "acme/api",
    "./acme/api": "acme/api",
    "../../acme/api": "acme/api",
    "~/work/acme/api": "acme/api",
    "C:/work/acme/api": "acme/api",
    r"c:\work\acme\api.git": "acme/api",
    r"\\server\share\acme\api": "acme/api",
    "//server/share/acme/api": "acme/api",
}

MALFORMED = {
    "https://tok:pa/ss@host/acme/api": "acme/api",
    "https://tok:p@ss@host/acme/api": "acme/api",
    "user:tok@host/acme/api": "acme/api",
    "tok@host/acme/api": "acme/api",
    "hg::https://user:tok@host/acme/api": "acme/api",
}

NO_REPOSITORY = [
    None,
    7,
    b"acme/api",
    ["acme/api"],
    "",
    " ",
    "/",
    ".",
    "..",
    "~",
    "api",
    ".git",
    "acme/.git",
    "https://github.com",
    "https://github.com/",
    "https://github.com/acme",
    "https://github.com/acme/..",
    "git@github.com",
    "git@github.com:api.git",
    "file:///api",
    "C:/api",
    "https://host:port/acme/api",
    "ssh://git@host:acme/api.git",
    "https://host:22x/acme/api",
    "https://host:٣/acme/api",
    "https://tok:pa?ss@host/acme/api",
    "https://tok:pa#ss@host/acme/api",
    "https://host/acme/api?user=a@b",
    "https://https://host/acme/api",
    "https:/tok/host/acme/api",
    "https:host/acme/api",
    "https//host/acme/api",
    "ssh:/host/acme/api",
    "git:/host/acme/api",
    "https:///host/acme/api",
    "https://:443/acme/api",
    r"https:\\host\acme\api",
    "https%3A%2F%2Fuser%3Atok%40host/acme/api",
    "host/acme/api:tok",
    "hg::https://host/acme/api",
    "acme/api\n",
    "acme/\x00api",
    "acme/a\u200bpi",
    "acme/\ud800api",
    "https://host/acme/api;token=tok",
    "https://host/acme/api&token=tok",
    "https://host/acme/api;tok",
    "https://host/acme/api%3Ftoken%3Dtok",
    "https://host/acme/api%23tok",
    "user%253Atok%2540host/acme/api",
    "file:///srv/acme/api;token=tok",
    "/srv/user:tok/api",
    "/srv/tok@host/api",
    "acme/" + "x" * 508,
    "acme/" + "é" * 254,
]


@pytest.mark.parametrize(("url", "path"), USUAL_FORMS.items())
def test_a_usual_remote_gives_the_whole_path(url: str, path: str) -> None:
    assert repo_path(url) == path
    assert not is_local(url)


@pytest.mark.parametrize(("url", "path"), LOCAL_FORMS.items())
def test_a_local_remote_gives_its_last_two_parts(url: str, path: str) -> None:
    assert repo_path(url) == path
    assert is_local(url)


@pytest.mark.parametrize(("url", "path"), MALFORMED.items())
def test_of_a_malformed_url_all_up_to_the_last_at_goes(url: str, path: str) -> None:
    assert repo_path(url) == path


@pytest.mark.parametrize("url", NO_REPOSITORY)
def test_what_yields_no_path_is_no_repository(url: object) -> None:
    assert repo_path(url) is None


def test_a_path_may_have_512_bytes() -> None:
    assert repo_path("acme/" + "x" * 507) == "acme/" + "x" * 507
    assert repo_path("acme/" + "é" * 253) == "acme/" + "é" * 253


@pytest.mark.parametrize("value", [None, 1, b"/srv/acme/api", "acme/api", "git@host:acme/api"])
def test_what_is_no_local_remote_is_not_local(value: object) -> None:
    assert not is_local(value)


def test_paths_are_compared_by_case_folding() -> None:
    assert fold_case("Acme/STRASSE") == fold_case("acme/straße")
    assert fold_case("acme/api") != fold_case("acme/web")


# What holds for any text ---------------------------------------------------------------------------------------------

urlish = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                *"/@:?# .~[]\\\n\u0130\ud800",
                *["https", "ssh", "git", "file", ".git", "host", "acme", "api", "22", "C:", "%40", "%3A", "..", "//"],
            ]
        ),
        max_size=14,
    ).map("".join),
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | urlish | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["repo_url", "tracking_remote", "remotes", "name", "fetch_url", "push_url", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(urlish)
@example("https://a/b.git/.git")
@example("a/b .git")
@example("a/b.git .git")
@example("x@c:a/b")
def test_a_path_is_a_path_again_and_holds_nothing_that_separates_the_rest(url: str) -> None:
    path = repo_path(url)
    if path is None:
        return
    assert len(path.encode()) <= 512
    assert len(path.split("/")) >= 2
    assert all(part and part == part.strip(" ") and part not in {".", "..", "~"} for part in path.split("/"))
    assert not set(path) & set(":@\\?#\n\0")
    assert "://" not in path


@given(urlish)
@example("https://host/a/b.git.git")
@example("https://host/~/a/b")
@example("https://host/https/a/b")
@example("x:a/ b/c")
def test_asking_again_with_the_answer_changes_nothing(url: str) -> None:
    once = repo_path(url)
    assert once is None or repo_path(once) == once


@given(anything)
def test_no_git_info_raises(value: Any) -> None:
    assert isinstance(paths_from_git_info(value), GitPaths)
    assert repo_path(value) is None or isinstance(value, str)


letters = string.ascii_lowercase + string.digits
secret = st.text(letters, min_size=6, max_size=20).map(lambda text: f"zz{text}zz")
hosts = st.text(letters, min_size=4, max_size=12).map(lambda text: f"qq{text}qq.example")
userinfos = st.one_of(
    st.just(""),
    secret.map("{}@".format),
    st.tuples(secret, secret).map("{0[0]}:{0[1]}@".format),
    st.tuples(secret, secret, st.sampled_from("/@:%!+=& ")).map("{0[0]}:{0[1]}{0[2]}{0[1]}@".format),
)
templates = st.sampled_from(
    [
        "https://{userinfo}{host}/{path}",
        "https://{userinfo}{host}:{port}/{path}.git",
        "https://{userinfo}{host}:zz{port}zz/{path}",
        "https:/{userinfo}{host}/{path}",
        "https:{userinfo}{host}/{path}",
        "https//{userinfo}{host}/{path}",
        "https:///{userinfo}{host}/{path}",
        "https://https://{userinfo}{host}/{path}",
        "ssh://{userinfo}{host}:{port}/{path}.git/",
        "ssh://{userinfo}{host}:{path}",
        "git://{userinfo}{host}/{path}",
        "{userinfo}{host}:{path}.git",
        "{userinfo}{host}:{port}/{path}.git",
        "{userinfo}{host}:/{path}",
        "x@{userinfo}{host}/{path}",
        "https://{userinfo}{host}/{path}?token=zz{port}zz",
        "https://{userinfo}{host}/{path}#zz{port}zz",
    ]
)


@given(templates, userinfos, hosts, st.integers(10_000, 65_535), st.sampled_from(["acme/api", "group/sub/repo"]))
def test_no_credential_host_port_or_query_survives(
    template: str, userinfo: str, host: str, port: int, path: str
) -> None:
    found = repo_path(template.format(userinfo=userinfo, host=host, port=port, path=path))
    assert found in {None, path}


# git_info ------------------------------------------------------------------------------------------------------------

FORK = "git@github.com:ann/api.git"
UPSTREAM = "https://github.com/acme/api.git"


def info(**changes: Any) -> dict[str, Any]:
    named = {
        "repo_url": FORK,
        "branch": "main",
        "remotes": [{"name": "origin", "fetch_url": FORK}, {"name": "upstream", "fetch_url": UPSTREAM}],
        "tracking_remote": "upstream",
    }
    return {**named, **changes}


@pytest.mark.parametrize(
    ("git_info", "paths"),
    [
        (info(), GitPaths("ann/api", "acme/api")),
        (info(remotes=[{"name": "upstream", "push_url": UPSTREAM}]), GitPaths("ann/api", "acme/api")),
        (
            info(remotes=[{"name": "upstream", "fetch_url": "", "push_url": UPSTREAM}]),
            GitPaths("ann/api", "acme/api"),
        ),
        (
            info(remotes=[{"name": "upstream", "fetch_url": UPSTREAM, "push_url": "git@h:other/api"}]),
            GitPaths("ann/api", "acme/api"),
        ),
        (
            info(remotes=[{"name": "upstream", "fetch_url": UPSTREAM}, {"name": "upstream", "fetch_url": "x/y"}]),
            GitPaths("ann/api", "acme/api"),
        ),
        (info(remotes=["junk", None, {"name": "upstream", "fetch_url": UPSTREAM}]), GitPaths("ann/api", "acme/api")),
        (info(tracking_remote="origin"), GitPaths("ann/api")),
        (info(repo_url="git@github.com:ACME/Api"), GitPaths("ACME/Api")),
        (info(tracking_remote="Upstream"), GitPaths("ann/api")),
        (info(tracking_remote=""), GitPaths("ann/api")),
        (info(tracking_remote=None), GitPaths("ann/api")),
        (info(tracking_remote=["upstream"]), GitPaths("ann/api")),
        (info(remotes=None), GitPaths("ann/api")),
        (info(remotes={"upstream": UPSTREAM}), GitPaths("ann/api")),
        (info(remotes=[{"name": "upstream"}]), GitPaths("ann/api")),
        (info(remotes=[{"name": "upstream", "fetch_url": "", "push_url": ""}]), GitPaths("ann/api")),
        (info(remotes=[{"name": "upstream", "fetch_url": 5}]), GitPaths("ann/api")),
        (info(remotes=[{"fetch_url": UPSTREAM}]), GitPaths("ann/api")),
        ({"repo_url": FORK}, GitPaths("ann/api")),
        (info(repo_url=""), GitPaths()),
        (info(repo_url=None), GitPaths()),
        ({}, GitPaths()),
        (None, GitPaths()),
        ("acme/api", GitPaths()),
        ([info()], GitPaths()),
    ],
)
def test_git_info_names_the_repository_and_its_upstream(git_info: Any, paths: GitPaths) -> None:
    assert paths_from_git_info(git_info) == paths


@pytest.mark.parametrize("url", ["acme/api" + ".git" * 10_000, "@" * 10_000 + "h:o/r"])
def test_a_url_far_longer_than_any_remote_is_no_repository_and_not_taken_apart(url: str) -> None:
    assert repo_path(url) is None
