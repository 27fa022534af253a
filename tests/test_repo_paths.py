"""From a git remote to a path: tables of cases, and what holds for any text."""

import string
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from org_analytics.repo_paths import GitPaths, fold_case, is_local, paths_from_git_info, reduced_path, repo_path

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
    "git/git": "git/git",
    "ssh/https": "ssh/https",
    "acme/.github": "acme/.github",
    "acme/api.git.git": "acme/api",
    "acme/дом": "acme/дом",
    "https://host/acme//api": "acme/api",
    "https://host/./acme/../api": "acme/api",
    "https://host/acme/api?ref=main": "acme/api",
    "https://host/acme/api.git#readme": "acme/api",
    "https://host/acme/api%20x": "acme/api x",
    "https://host/acme/100%": "acme/100%",
}

# One repository per key: all of its addresses give this path.
ONE_REPOSITORY = {
    # GitHub
    "acme/api": [
        "https://github.com/acme/api.git",
        "https://x-access-token:ghs_t0ken@github.com/acme/api",
        "git@github.com:acme/api.git",
        "ssh://git@github.com/acme/api.git",
        "ssh://git@ssh.github.com:443/acme/api.git",
        "git://github.com/acme/api.git",
        "git@github-work:acme/api.git",  # an SSH host alias
        "org-123@github.com:acme/api.git",
        "gh:acme/api",  # a short form of url.*.insteadOf
        "github.com/acme/api",
        "www.github.com/acme/api.git",
        "tok@github.com/acme/api",
        "https://192.0.2.7:8443/acme/api.git",
        "192.0.2.7/acme/api.git",
        "https://[2001:db8::7]:8443/acme/api.git",
        "ssh://git@[2001:db8::7]/acme/api.git",
        "git@[2001:db8::7]:acme/api.git",
    ],
    # GitLab
    "group/sub/team/api": [
        "https://gitlab.com/group/sub/team/api.git",
        "https://gitlab-ci-token:t0ken@gitlab.example.com/group/sub/team/api.git",
        "git@gitlab.com:group/sub/team/api.git",
        "ssh://git@gitlab.example.com:2222/group/sub/team/api.git",
        "gitlab.example.com/group/sub/team/api",
        "group/sub/team/api",
    ],
    "my.group/sub/api": ["https://gitlab.com/my.group/sub/api.git", "git@gitlab.com:my.group/sub/api.git"],
    # Bitbucket Cloud
    "team/api": [
        "https://ada@bitbucket.org/team/api.git",
        "https://x-token-auth:t0ken@bitbucket.org/team/api.git",
        "git@bitbucket.org:team/api.git",
        "ssh://git@altssh.bitbucket.org:443/team/api.git",
    ],
    # Bitbucket Server
    "PROJ/api": [
        "https://bitbucket.example.com/scm/PROJ/api.git",
        "https://ada:t0ken@bitbucket.example.com:7990/scm/PROJ/api.git",
        "http://example.com/bitbucket/scm/PROJ/api.git",
        "https://[::1]:7990/scm/PROJ/api.git",
        "bitbucket.example.com/scm/PROJ/api.git",
        "bitbucket.example.com:7990/scm/PROJ/api.git",
        "ssh://git@bitbucket.example.com:7999/PROJ/api.git",
        "git@bitbucket-alias:PROJ/api.git",
    ],
    "~ada/api": [
        "https://bitbucket.example.com/scm/~ada/api.git",
        "https://bitbucket.example.com/scm/%7Eada/api.git",
        "ssh://git@bitbucket.example.com:7999/~ada/api.git",
        # SourceHut
        "https://git.sr.ht/~ada/api",
        "git@git.sr.ht:~ada/api",
        "git.sr.ht/~ada/api",
    ],
    # Azure DevOps
    "acme/Proj/api": [
        "https://dev.azure.com/acme/Proj/_git/api",
        "https://acme@dev.azure.com/acme/Proj/_git/api",
        "https://ada:t0ken@dev.azure.com/acme/Proj/_git/api?version=GBmain",
        "https://dev.azure.com/acme/Proj/_git/_full/api",
        "https://dev.azure.com/acme/Proj/_git/_optimized/api",
        "dev.azure.com/acme/Proj/_git/api",
        "dev.azure.com:443/acme/Proj/_git/api",
        "git@ssh.dev.azure.com:v3/acme/Proj/api",
        "git@ssh.dev.azure.com:v3/acme/Proj/_full/api",
        "git@SSH.dev.azure.com:v3/acme/Proj/_optimized/api",
        "ssh://git@ssh.dev.azure.com/v3/acme/Proj/api",
        "ssh://git@ssh.dev.azure.com:22/v3/acme/Proj/api",
        "acme@vs-ssh.visualstudio.com:v3/acme/Proj/api",
        "ssh://acme@vs-ssh.visualstudio.com/v3/acme/Proj/api",
        "https://acme.visualstudio.com/Proj/_git/api",
        "https://acme.visualstudio.com:443/Proj/_git/api",
        "https://acme.visualstudio.com/DefaultCollection/Proj/_git/api",
        "https://ada:t0ken@acme.visualstudio.com/defaultcollection/Proj/_git/_full/api",
        "ssh://acme@acme.visualstudio.com:22/Proj/_ssh/api",
        "ssh://acme@acme.visualstudio.com:22/DefaultCollection/Proj/_ssh/api",
        "ssh://acme@acme.visualstudio.com:22/Proj/_ssh/_full/api",
    ],
    "acme/My Proj/api": [
        "https://dev.azure.com/acme/My%20Proj/_git/api",
        "https://acme.visualstudio.com/My%20Proj/_git/api",
        "git@ssh.dev.azure.com:v3/acme/My%20Proj/api",
    ],
    "acme/api/api": [
        "https://dev.azure.com/acme/_git/api",
        "https://dev.azure.com/acme/_git/_full/api",
        "https://dev.azure.com/acme/api/_git/api",
        "https://acme.visualstudio.com/_git/api",
        "https://acme.visualstudio.com/DefaultCollection/_git/api",
        "git@ssh.dev.azure.com:v3/acme/api/api",
        "acme/_git/api",
    ],
    # Azure DevOps Server
    "tfs/DefaultCollection/Proj/api": [
        "https://tfs.example.com/tfs/DefaultCollection/Proj/_git/api",
        "https://tfs.example.com:8443/tfs/DefaultCollection/Proj/_git/_full/api",
        "ssh://tfs.example.com:22/tfs/DefaultCollection/Proj/_ssh/api",
    ],
    # An organization and a project may have the names that other servers put into addresses.
    "a/scm/api": ["https://dev.azure.com/a/scm/_git/api", "git@ssh.dev.azure.com:v3/a/scm/api"],
    # Gerrit
    "platform/api": [
        "https://gerrit.example.com/a/platform/api",
        "https://ada:t0ken@gerrit.example.com:8080/a/platform/api",
        "https://gerrit.example.com/platform/api",
        "gerrit.example.com:8080/a/platform/api",
        "ssh://ada@gerrit.example.com:29418/platform/api",
        "ssh://ada@[::1]:29418/platform/api.git",
    ],
    "platform/build/api": [
        "https://gerrit.example.com/a/platform/build/api",
        "ssh://ada@gerrit.example.com:29418/platform/build/api",
    ],
    # Gitea, Forgejo
    "ada/api": [
        "https://gitea.example.com:3000/ada/api.git",
        "http://localhost:3000/ada/api.git",
        "ssh://git@gitea.example.com:2222/ada/api.git",
        "gitea@gitea.example.com:ada/api.git",
        "codeberg.org/ada/api",
    ],
    # AWS CodeCommit
    "v1/repos/api": [
        "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/api",
        "https://user-at-1:s3cret%3D@git-codecommit.eu-west-1.amazonaws.com/v1/repos/api",
        "ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/api",
        "ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/api",
        "codecommit://api",
        "codecommit://profile@api",
        "codecommit::eu-west-1://api",
        "codecommit::eu-west-1://profile@api",
    ],
    # Unicode and percent-encoding
    "équipe/café": [
        "https://host/équipe/café.git",
        "https://host/e\u0301quipe/cafe\u0301.git",
        "https://host/%C3%A9quipe/caf%C3%A9.git",
        "https://host/e%CC%81quipe/cafe%cc%81",
        "git@host:%C3%A9quipe/cafe\u0301.git",
        "équipe/café",
        "e\u0301quipe/caf%C3%A9",
    ],
}

# Groups that are really called so are misread: docs, and pinning.
EXCEPTED = {
    "https://gitlab.com/group/scm/team/api": "team/api",
    "https://gitlab.com/a/group/api": "group/api",
    "https://gitlab.com/scm/api": "scm/api",
    "https://gerrit.example.com/a/api": "a/api",
    "git@gitlab.com:group/scm/team/api": "group/scm/team/api",
    "git@gitlab.com:a/group/api": "a/group/api",
    "git@gitlab.com:scm/group/api": "scm/group/api",
    # A server under a path cannot be told from a group.
    "https://example.com/gitlab/group/api": "gitlab/group/api",
}

LOCAL_FORMS = {
    "file:///srv/git/équipe/my%20api.git": "équipe/my api",
    "/srv/git/e\u0301quipe/my api.git": "équipe/my api",
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
    "https://host/acme/api%0A",
    "https://host/acme/api%00",
    "https://host/acme/api%5Ctok",
    "https://host/acme/%E2%80%AEapi",
    "https://host/acme/api\u037etoken",  # a Greek question mark is composed to a semicolon
    "https://host/acme/api%CD%BEtoken",
    "https://host/acme/api%ff",
    "https://host/acme/api%2520x",
    "https://host/acme/%2e%2e",
    "ssh://acme@vs-ssh.visualstudio.com:22/Proj/_ssh/api",  # only the user names the organization
    "codecommit://",
    "codecommit://profile@",
    "codecommit::eu-west-1://profile@api/x",
    "codecommit::eu-west-1:/profile@",
    "[::1]/acme/api",
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


@pytest.mark.parametrize(
    ("url", "path"), [(url, path) for path, urls in ONE_REPOSITORY.items() for url in urls], ids=ascii
)
def test_each_address_of_a_repository_gives_its_one_path(url: str, path: str) -> None:
    assert repo_path(url) == path
    assert reduced_path(path) == path


@pytest.mark.parametrize(("url", "path"), EXCEPTED.items())
def test_a_path_that_looks_like_a_group_is_read_as_documented(url: str, path: str) -> None:
    assert repo_path(url) == path


@pytest.mark.parametrize(("url", "path"), LOCAL_FORMS.items())
def test_a_local_remote_gives_its_last_two_parts(url: str, path: str) -> None:
    assert repo_path(url) == path
    assert is_local(url)


@pytest.mark.parametrize(("url", "path"), MALFORMED.items())
def test_everything_up_to_the_last_at_of_a_malformed_url_is_removed(url: str, path: str) -> None:
    assert repo_path(url) == path


@pytest.mark.parametrize("url", NO_REPOSITORY)
def test_a_value_without_a_path_is_not_a_repository(url: object) -> None:
    assert repo_path(url) is None


def test_a_path_may_have_512_bytes() -> None:
    assert repo_path("acme/" + "x" * 507) == "acme/" + "x" * 507
    assert repo_path("acme/" + "é" * 253) == "acme/" + "é" * 253


@pytest.mark.parametrize("value", [None, 1, b"/srv/acme/api", "acme/api", "git@host:acme/api"])
def test_a_remote_that_is_not_local_is_not_called_local(value: object) -> None:
    assert not is_local(value)


def test_paths_are_compared_by_case_folding() -> None:
    assert fold_case("Acme/STRASSE") == fold_case("acme/straße")
    assert fold_case("acme/api") != fold_case("acme/web")
    assert fold_case("ACME/cafe\u0301") == fold_case("acme/CAF\u00c9")


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
def test_reducing_a_path_again_keeps_it_and_it_has_no_separators(url: str) -> None:
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
@example("https://host/my.group/sub/api")
@example("https://host/a%%32%30/b")
def test_a_path_that_is_sent_or_stored_is_taken_as_it_is(url: str) -> None:
    path = repo_path(url)
    if path is not None:
        assert reduced_path(path) == path
        assert paths_from_git_info({"path": path}) == paths_from_git_info(GitPaths(path)) == GitPaths(path)
        assert fold_case(fold_case(path)) == fold_case(path)


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
        "{userinfo}{host}/{path}.git",
        "https://{userinfo}{host}/a/{path}",
        "ssh://{userinfo}{host}:{port}/{path}?zz{port}zz",
        "hg::https://{userinfo}{host}/{path}",
        "https://{userinfo}{host}/{path}?token=zz{port}zz",
        "https://{userinfo}{host}/{path}#zz{port}zz",
    ]
)


@given(templates, userinfos, hosts, st.integers(10_000, 65_535), st.sampled_from(["acme/api", "group/sub/repo"]))
def test_no_credential_host_port_or_query_survives(
    template: str, userinfo: str, host: str, port: int, path: str
) -> None:
    url = template.format(userinfo=userinfo, host=host, port=port, path=path)
    assert repo_path(url) in {None, path}


@given(
    st.sampled_from(
        [
            "https://{userinfo}dev.azure.com/acme/Proj/_git/api",
            "https://{userinfo}acme.visualstudio.com/DefaultCollection/Proj/_git/_full/api?path=zz{port}zz",
            "ssh://{userinfo}acme.visualstudio.com:{port}/Proj/_ssh/api",
            "{userinfo}ssh.dev.azure.com:v3/acme/Proj/api",
            "ssh://{userinfo}vs-ssh.visualstudio.com:{port}/v3/acme/Proj/api",
            "ssh://{userinfo}vs-ssh.visualstudio.com:{port}/Proj/_ssh/api",
            "http://{userinfo}qq{port}qq.example:{port}/acme/scm/Proj/api.git",
            "codecommit::qq{port}qq://{userinfo}api",
            "codecommit://{userinfo}api",
            "https://{userinfo}git-codecommit.qq{port}qq.amazonaws.com/v1/repos/api",
            "https://{userinfo}[2001:db8::{port}]:{port}/acme/Proj/api",
            "{userinfo}[2001:db8::{port}]:acme/Proj/api",
        ]
    ),
    userinfos,
    st.integers(1_000, 9_999),
)
def test_no_credential_host_or_port_of_a_known_server_survives(template: str, userinfo: str, port: int) -> None:
    assert repo_path(template.format(userinfo=userinfo, port=port)) in {
        *(None, "acme/Proj/api", "Proj/api", "v1/repos/api")
    }


names = st.text(st.sampled_from("abcxyzéü~._- 0"), min_size=1, max_size=6).filter(
    lambda name: name.strip(" ~.") and name == name.strip(" ") and not name.lower().endswith(".git")
)
groups = st.lists(names, min_size=2, max_size=5).filter(
    # Names that stand for something else in an address, and the number that is a port in `host:22/o/r`.
    lambda parts: parts[0] not in {"a", "v3"} and "scm" not in parts and not parts[0].isdigit()
)
protocols = st.sampled_from(
    [
        "https://git.example.com/{path}.git",
        "https://git.example.com:8443/{path}/",
        "http://ada:s3cret@git.example.com/{path}",
        "https://git.example.com/scm/{path}.git",
        "https://git.example.com/a/{path}",
        "ssh://git@git.example.com:2222/{path}.git",
        "ssh://git@[::1]:2222/{path}.git",
        "git@git.example.com:{path}.git",
        "git-alias:{path}",
        "git://git.example.com/{path}",
        "git.example.com/{path}.git",
    ]
)


@given(groups, protocols, st.sampled_from(["plain", "NFD", "encoded", "NFD encoded"]))
def test_one_repository_has_one_path_whatever_the_protocol_and_the_spelling(
    parts: list[str], protocol: str, spelling: str
) -> None:
    path = "/".join(parts)
    spelled = unicodedata.normalize("NFD", path) if "NFD" in spelling else path
    spelled = quote(spelled) if "encoded" in spelling else spelled
    if "/scm/" in protocol and len(parts) > 2:
        return  # a project of Bitbucket Server has no groups
    assert repo_path(protocol.format(path=spelled)) == path


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


@pytest.mark.parametrize(
    ("git_info", "paths"),
    [
        ({"path": "acme/api"}, GitPaths("acme/api")),
        ({"path": "ann/api", "upstream_path": "acme/api"}, GitPaths("ann/api", "acme/api")),
        ({"path": "ann/api", "upstream_path": None}, GitPaths("ann/api")),
        ({"path": "ann/api", "upstream_path": "Ann/API"}, GitPaths("ann/api")),
        ({"path": "ann/api", "upstream_path": "acme"}, GitPaths("ann/api")),
        ({"path": "ann/api", "upstream_path": 5}, GitPaths("ann/api")),
        ({"path": "my.group/sub/api"}, GitPaths("my.group/sub/api")),
        ({"path": "scm/PROJ/api"}, GitPaths("scm/PROJ/api")),
        ({"path": "a/platform/api"}, GitPaths("a/platform/api")),
        ({"path": "v3/acme/Proj/api"}, GitPaths("v3/acme/Proj/api")),
        ({"path": "acme/_git/api"}, GitPaths("acme/_git/api")),
        ({"path": "acme/api.git"}, GitPaths("acme/api.git")),
        ({"path": "acme/" + "x" * 507}, GitPaths("acme/" + "x" * 507)),
        ({"upstream_path": "acme/api"}, GitPaths()),
        ({"path": None, "upstream_path": "acme/api"}, GitPaths()),
        # A working directory beside the URL is not a path of a repository.
        ({"path": "home/ada", "repo_url": FORK}, GitPaths("ann/api")),
        (GitPaths("ann/api", "acme/api"), GitPaths("ann/api", "acme/api")),
        (GitPaths("my.group/sub/api"), GitPaths("my.group/sub/api")),
        (GitPaths("tok@host/api", "acme/api"), GitPaths()),
        (GitPaths(), GitPaths()),
    ],
)
def test_paths_that_are_already_reduced_are_not_cut_again(git_info: Any, paths: GitPaths) -> None:
    assert paths_from_git_info(git_info) == paths


@pytest.mark.parametrize(
    "path",
    [
        *(
            7,
            b"acme/api",
            ["acme", "api"],
            "",
            "api",
            "/acme/api",
            "acme/api/",
            "acme//api",
            "acme/..",
            "~/api",
            "./api",
        ),
        *(" acme/api", "acme /api", "acme/api\n", "acme/\x00api", "acme/a\u200bpi", "acme/\ud800api"),
        *("https://github.com/acme/api", "git@github.com:acme/api", "user:tok@host/api", "tok@host/api", "C:/acme/api"),
        *("acme/api?token=tok", "acme/api#tok", "acme/api;tok", "acme/api=tok", r"acme\api", "user%3Atok%40host/api"),
        *("acme/" + "x" * 508, "acme/" + "é" * 254, "acme/%E2%80%AEapi", "acme/%0Aapi"),
    ],
    ids=ascii,
)
def test_a_reduced_path_with_more_than_names_is_not_a_repository(path: object) -> None:
    assert reduced_path(path) is None
    assert paths_from_git_info({"path": path, "upstream_path": "acme/api"}) == GitPaths()


@pytest.mark.parametrize("url", ["acme/api" + ".git" * 10_000, "@" * 10_000 + "h:o/r"])
def test_a_url_far_longer_than_any_remote_is_not_parsed(url: str) -> None:
    assert repo_path(url) is None
