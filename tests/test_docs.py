"""The README's words are true: its tables name what the code has, no more and no less."""

import re
from pathlib import Path

import pytest

from org_analytics import checks, conf
from org_analytics.api.filters import SeriesFilters
from org_analytics.push import errors
from org_analytics.urls import api_urlpatterns

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").exists() else ""
pytestmark = pytest.mark.skipif(not README, reason="the README is not beside the package")


def table(head: str, column: int = 1) -> list[str]:
    """A column of the table whose head begins with this, without backquotes."""
    _before, found, rest = README.partition(f"\n| {head} |")
    assert found, f"no table with the head {head!r}"
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [row.split("|")[column].strip().strip("`") for row in rows]


def test_settings_are_those_that_are_read():
    source = Path(conf.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r'"((?:ENABLE_|ALLOWED_|ORG_ANALYTICS_)[A-Z_]+)"', source))
    assert set(table("Setting")) == read


def test_endpoints_are_those_that_are_served():
    served = {f"/{pattern.pattern}" for pattern in api_urlpatterns}
    assert {row.split(" ")[1] for row in table("Endpoint")} == served


def test_parameters_are_those_that_are_read():
    assert set(table("Parameter")) == set(SeriesFilters.base_filters)


def test_checks_are_those_that_are_made():
    source = Path(checks.__file__).read_text(encoding="utf-8")
    assert set(table("Id")) == set(re.findall(r"org_analytics\.[EW]\d{3}", source))


def test_exit_codes_are_those_of_the_command():
    codes = {errors.OK, errors.SOME_REFUSED, errors.INTERRUPTED}
    codes |= {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    assert set(table("`org-analytics` exits with")) == set(map(str, codes))


def test_versions_are_those_of_the_matrix():
    noxfile = ROOT / "noxfile.py"
    if not noxfile.exists():
        pytest.skip("the matrix is not beside the package")
    pairs = re.findall(r'\("(3\.\d+)", "(\d+\.\d+)"\)', noxfile.read_text(encoding="utf-8"))
    assert dict(zip(table("Python"), table("Python", 2), strict=True)) == dict(pairs)


def test_make_targets_are_those_of_the_makefile():
    makefile = ROOT / "Makefile"
    if not makefile.exists():
        pytest.skip("the Makefile is not beside the package")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE)) <= targets
    assert {row.removeprefix("make ") for row in table("Command")} == targets - {"help"}


def test_links_inside_the_readme_lead_somewhere():
    anchors = {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= anchors


def test_files_that_the_readme_shows_are_there():
    shown = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert shown
    assert [link for link in shown if not (ROOT / link).exists()] == []
