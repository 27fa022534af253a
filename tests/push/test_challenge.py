"""Headers of a 401 answer, in every form that servers send."""

import pytest

from org_analytics.push.challenge import help_url, token_schemes

BASE = "https://team.example/app/api/v1/org/sessions"


@pytest.mark.parametrize(
    ("headers", "schemes"),
    [
        ([], ()),
        (["Token"], ("Token",)),
        (["Token, Bearer"], ("Token", "Bearer")),
        (["Token", "Bearer"], ("Token", "Bearer")),
        (['Bearer realm="a, Token b", error="invalid_token"'], ("Bearer",)),
        (['Bearer realm = "api" , JWT'], ("Bearer", "JWT")),
        (["Bearer, bearer, BEARER"], ("Bearer",)),
        (['Basic realm="x", Session, Digest qop="auth", Negotiate abc==, NTLM, Cookie'], ()),
        ([", ,,"], ()),
        (['"', "a b c d", "\x1b[1m", "x" * 41], ("a",)),
    ],
)
def test_schemes_are_those_that_take_a_token(headers: list[str], schemes: tuple[str, ...]) -> None:
    assert token_schemes(headers) == schemes


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ([], None),
        (['<https://sso.example/tokens>; rel="help"'], "https://sso.example/tokens"),
        (["<https://sso.example/tokens>; rel=help"], "https://sso.example/tokens"),
        (['</tokens>;rel="start help"'], "https://team.example/tokens"),
        (['</a>; rel="next", </b>; title="a; rel=x"; rel="help"'], "https://team.example/b"),
        (['</a>; rel="next"', '</b>; rel="help"'], "https://team.example/b"),
        (['</a>; rel="helpful"'], None),
        (['<javascript:alert(1)>; rel="help"'], None),
        (['<https://me:s3cret@team.example/>; rel="help"'], None),
        (['<https://team.example/\x1b[1m>; rel="help"'], None),
        (['<https://[>; rel="help"'], None),
        (["<https://team.example/" + "x" * 500 + '>; rel="help"'], None),
        (["<"], None),
    ],
)
def test_help_page_is_a_printable_web_address(headers: list[str], url: str | None) -> None:
    assert help_url(headers, BASE) == url
