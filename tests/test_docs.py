"""The docs match the code: their tables name exactly what the code has, and their links work."""

import argparse
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from org_analytics import checks, conf
from org_analytics.api.filters import BreakdownFilters, SeriesFilters, SessionsFilters
from org_analytics.models.sessions import CodingSessionQuerySet
from org_analytics.pages.filters import PageForm, SessionListForm
from org_analytics.pages.state import CHART_MEASURES, MODEL_COLUMNS
from org_analytics.periods import PRESETS
from org_analytics.push import cli, errors
from org_analytics.reporting.groups import Grouping
from org_analytics.reporting.session_order import ORDERED_COLUMNS
from org_analytics.urls import api_urlpatterns
from tests.test_imports import PUBLIC

ROOT = Path(__file__).parent.parent
if not (ROOT / "README.md").exists():
    pytest.skip("the docs are not beside the package", allow_module_level=True)

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PAGE_NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
NAMED_PAGES = ("installation", "settings-and-checks", "collecting-data", "python-api", "api", "page", "operations")
MAX_README_LINES = 130


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without its code blocks, in which brackets and # mean something else."""
    return re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def table(page: str, head: str, column: int = 1) -> list[str]:
    """A column of the page's table whose head begins with this, without backquotes at both ends."""
    _before, found, rest = text_of(ROOT / page).partition(f"\n| {head} |")
    assert found, f"{page} has no table with the head {head!r}"
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [row.split("|")[column].strip().strip("`") for row in rows]


def links_of(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose_of(page))


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes from headings."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_readme_is_short() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= MAX_README_LINES


def test_readme_keeps_its_order() -> None:
    text = text_of(ROOT / "README.md")
    order = ["# django-org", "![", "## Try it", "## Install", "## Get data in", "## Documentation", "## Compatibility"]
    places = [text.index(f"\n{part}" if part != order[0] else part) for part in order]
    assert places == sorted(places)


def test_readme_warns_before_the_first_step_and_has_five_steps() -> None:
    install = text_of(ROOT / "README.md").partition("## Install")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", install, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert install.index("everybody sees everybody") < install.index("1. ")


def test_readme_links_to_each_page_of_the_docs() -> None:
    linked = {link.partition("#")[0] for link in links_of(ROOT / "README.md")}
    pages = {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")} - {"docs/README.md"}
    assert pages >= {f"docs/{name}.md" for name in NAMED_PAGES}
    assert pages <= linked


def test_index_of_the_docs_names_each_page() -> None:
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert set(links_of(ROOT / "docs" / "README.md")) == pages


@EACH_PAGE
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in links_of(page):
        if "://" in link:
            continue
        name, _hash, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_each_picture_is_shown() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links_of(page) if link.endswith(".png")}
    assert shown == {picture.resolve() for picture in (ROOT / "docs").rglob("*.png")}


@EACH_PAGE
def test_no_page_says_that_the_package_is_on_an_index(page: Path) -> None:
    """`pip install NAME` would fetch a stranger's package, as long as the name is not ours there."""
    installed = re.findall(r"(?:pip|pipx|uv tool|uv pip) install(?: -\S+)* +(\S+)", text_of(page))
    assert [what for what in installed if not re.match(r'"?(/path/to/checkout|dist/)|--', what)] == []


def test_built_readme_has_absolute_links_at_the_address_of_the_project() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    base = project["project"]["urls"]["Homepage"]
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = text_of(ROOT / "README.md")
    for rule in hook["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert links
    assert [link for link in links if not link.startswith((f"{base}/blob/main/", f"{base}/raw/main/", "#"))] == []
    assert f"({base}/raw/main/docs/images/organization.png)" in text
    assert all(url.startswith(base) for url in project["project"]["urls"].values())


def test_settings_are_those_that_are_read() -> None:
    read = set(re.findall(r'"((?:ENABLE_|ALLOWED_|SHARE_|ORG_ANALYTICS_)[A-Z_]+)"', text_of(Path(conf.__file__))))
    assert set(table("docs/settings-and-checks.md", "Setting")) == read


def test_checks_are_those_that_are_made() -> None:
    source = "".join(map(text_of, Path(checks.__file__).parent.glob("*.py")))
    made = set(re.findall(r"org_analytics\.[EW]\d{3}", source))
    assert set(table("docs/settings-and-checks.md", "Id")) == made


def test_endpoints_are_those_that_are_served() -> None:
    served = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{pattern.pattern}") for pattern in api_urlpatterns}
    assert {row.split(" ")[1] for row in table("docs/api.md", "Endpoint")} == served


def test_parameters_of_the_api_are_those_that_are_read() -> None:
    assert set(table("docs/api.md", "Parameter")) == {
        *SeriesFilters.base_filters,
        *BreakdownFilters.base_filters,
        *SessionsFilters.base_filters,
    }


def test_parameters_of_the_page_are_those_that_are_read() -> None:
    named = {name.strip("` ") for row in table("docs/page.md", "In the address") for name in row.split(",")}
    assert named == set(PageForm.base_fields)


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ("range", set(PRESETS)),
        ("measure", set(CHART_MEASURES)),
        ("group", {grouping.value for grouping in Grouping}),
        ("o", set(MODEL_COLUMNS)),
    ],
)
def test_values_of_the_page_are_those_that_it_knows(parameter: str, values: set[str]) -> None:
    names, texts = table("docs/page.md", "In the address"), table("docs/page.md", "In the address", 2)
    [text] = [text for name, text in zip(names, texts, strict=True) if name == parameter]
    assert set(re.findall(r"`([a-z0-9_-]+)`", f"`{text}`")) - {"-", "-cost"} == values


def test_parameters_of_a_list_of_sessions_are_those_that_are_read() -> None:
    only_there = SessionListForm.base_fields.keys() - PageForm.base_fields.keys()
    assert set(table("docs/page.md", "On the page of a person")) == {"q", "o", *only_there}
    assert PageForm.base_fields.keys() - SessionListForm.base_fields.keys() == {"group", "p", "zero"}


def test_orders_of_a_list_of_sessions_are_those_that_it_knows() -> None:
    [text] = [row for row in table("docs/page.md", "On the page of a person", 2) if "started" in row]
    assert set(re.findall(r"`([a-z_]+)`", f"`{text}`")) == set(ORDERED_COLUMNS)


def test_public_modules_are_those_of_the_docs() -> None:
    assert PUBLIC | {"org_analytics.repo_paths", "org_analytics.teams", "org_analytics.urls"} == set(
        table("docs/python-api.md", "Module")
    )


def test_public_names_are_in_their_modules_and_in_the_text_of_the_docs() -> None:
    text = text_of(ROOT / "docs" / "python-api.md").partition("The examples come from")[2]
    modules, names = table("docs/python-api.md", "Module"), table("docs/python-api.md", "Module", 2)
    for module, listed in zip(modules, names, strict=True):
        for name in re.findall(r"\w+", listed):
            assert hasattr(import_module(module), name), (module, name)
            assert name in text, name


def test_filters_of_sessions_are_those_of_the_queryset() -> None:
    own = {name for name, value in vars(CodingSessionQuerySet).items() if callable(value)} - {"update"}
    assert {row.partition("(")[0] for row in table("docs/python-api.md", "Method")} == own


def test_exit_codes_are_those_of_the_command() -> None:
    codes = {errors.OK, errors.SOME_REFUSED, errors.INTERRUPTED}
    codes |= {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    assert set(table("docs/collecting-data.md", "`org-analytics` exits with")) == set(map(str, codes))


def test_options_of_push_are_those_of_the_command() -> None:
    [commands] = [action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    shown = [action for action in commands.choices["push"]._actions if action.help != argparse.SUPPRESS]
    options = {action.option_strings[-1] for action in shown} - {"--help"}
    assert set(re.findall(r"--[a-z-]+", " ".join(table("docs/collecting-data.md", "Option of `push`")))) == options


def test_versions_are_those_of_the_matrix() -> None:
    pairs = re.findall(r'\("(3\.\d+)", "(\d+\.\d+)"\)', text_of(ROOT / "noxfile.py"))
    versions = zip(table("README.md", "Python"), table("README.md", "Python", 2), strict=True)
    assert dict(versions) == dict(pairs)


def test_make_targets_are_those_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))
    used = {target for page in PAGES for target in re.findall(r"(?:`|^)make ([a-z]+)", text_of(page), re.MULTILINE)}
    assert used <= targets
    assert {row.removeprefix("make ") for row in table("CONTRIBUTING.md", "Command")} == targets - {"help"}


def test_table_of_make_targets_stands_once() -> None:
    assert [name for name, page in zip(PAGE_NAMES, PAGES, strict=True) if "| `make " in text_of(page)] == [
        "CONTRIBUTING.md"
    ]


def test_modules_of_the_root_are_those_in_the_tree_of_contributing() -> None:
    tree = re.search(r"^org_analytics/\n(.*?)^example_project/", text_of(ROOT / "CONTRIBUTING.md"), re.M | re.S)
    assert tree
    named = {word for line in tree[1].splitlines() for word in re.findall(r"^  ((?:[a-z_]+(?:\.py|/) ?)+)", line)}
    named = {name for words in named for name in words.split()}
    package = ROOT / "org_analytics"
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py", "apps.py"}
    rooms = {f"{path.name}/" for path in package.iterdir() if path.is_dir()} - {"__pycache__/", "migrations/"}
    assert named == modules | rooms
