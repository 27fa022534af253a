"""Who may import whom."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import org_analytics

PACKAGE = Path(org_analytics.__file__).parent
EXAMPLE = PACKAGE.parent / "example_project"

# Room (a package or a module in the root) → the rooms it may import. A room that is not listed imports none of ours.
LEAVES = {"choices", "conf", "limits", "money", "periods", "repo_paths", "strict_json"}
ALLOWED = {
    "conf": {"limits"},
    "money": {"limits"},
    "periods": {"limits"},
    "repo_paths": {"limits"},
    "fields": {"money"},
    "throttling": {"conf"},
    "access": {"conf", "throttling"},
    "rollup": {"conf", "limits", "periods"},
    "models": {"choices", "fields", "limits", "money", "repo_paths"},
    "reporting": {"choices", "conf", "limits", "models", "money", "periods", "rollup"},
    "teams": {"reporting"},
    "filters": {"choices", "conf", "limits", "models", "periods", "reporting"},
    "logs": {"conf", "limits", "models", "reporting"},
    "api": LEAVES | {"access", "filters", "logs", "models", "reporting", "throttling"},
    "pages": LEAVES | {"access", "filters", "logs", "reporting", "rollup", "throttling"},
    "templatetags": {"access", "filters", "pages"},
    "urls": {"api", "pages"},
    "checks": {"conf", "ingest", "limits", "reporting", "rollup"},
    "apps": {"checks", "rollup"},
    "admin": {"conf", "models"},
    "migrations": {"fields", "rollup"},
    "ingest": {"limits", "repo_paths"},
    "push": {"ingest", "limits", "repo_paths"},
    "confabulous": {"choices", "limits", "models", "money", "reporting", "repo_paths"},
    "management": LEAVES | {"confabulous", "ingest", "logs", "models", "reporting", "rollup"},
}
# Inside a room: module → the modules of the same room it may import. A room that is not listed has no order.
ALLOWED_INSIDE = {
    "models": {
        "__init__": {
            "access_log",
            "errors",
            "imports",
            "new_repos",
            "recaps",
            "sessions",
            "repos",
            "sightings",
            "usage",
        },
        "repos": {"fork_graph", "lookups", "managers", "sightings"},
        "usage": {"lookups", "managers", "validation"},
        "recap_validation": {"named_values", "values"},
        "recaps": {"lookups", "managers", "recap_validation"},
        "validation": {"named_values", "owners", "recap_validation", "values"},
        "row_parts": {"recaps", "usage", "validation"},
        "new_repos": {"errors", "validation"},
        "recording": {
            "errors",
            "lookups",
            "managers",
            "new_repos",
            "owners",
            "repos",
            "retries",
            "row_parts",
            "validation",
        },
        "sessions": {"recording", "repos"},
    },
    "rollup": {
        "postgresql": {"sums"},
        "sqlite": {"sums"},
        "triggers": {"postgresql", "sqlite", "sums"},
        "versions": {"triggers"},
        "maintenance": {"sums", "tables", "triggers"},
        "operations": {"maintenance", "sums", "tables", "versions"},
    },
    "reporting": {
        "snapshots": {"replicas"},
        "members": {"snapshots"},
        "teams": {"members", "selection", "snapshots"},
        "people": {"members", "selection", "snapshots", "teams"},
        "split_ranges": {"selection", "snapshots"},
        "grouped_sums": {"selection", "split_ranges", "usage"},
        "aggregates": {"grouped_sums", "members", "selection", "snapshots", "split_ranges", "usage"},
        "model_aggregates": {"selection", "snapshots", "split_ranges", "usage"},
        "last_active": {"members", "people", "selection", "snapshots", "split_ranges"},
        "reports": {
            "aggregates",
            "garbage",
            "grouped_sums",
            "members",
            "people",
            "selection",
            "snapshots",
            "split_ranges",
            "usage",
        },
        "groups": {
            "aggregates",
            "grouped_sums",
            "members",
            "model_aggregates",
            "people",
            "reports",
            "selection",
            "snapshots",
            "teams",
            "usage",
        },
        "team_days": {"teams"},
        "daily": {"groups", "members", "people", "selection", "snapshots", "split_ranges", "team_days", "teams"},
        "visibility": {"members", "selection"},
        "session_cursor": {"session_order", "session_rows"},
        "selected_sessions": {"selection", "split_ranges"},
        "session_list": {
            "members",
            "people",
            "selected_sessions",
            "selection",
            "session_cursor",
            "session_order",
            "session_rows",
            "snapshots",
        },
        "session_detail": {"members", "session_rows", "snapshots", "visibility"},
    },
    "confabulous": {
        "schema": {"connection", "errors"},
        "connection": {"errors"},
        "reading": {"connection", "errors", "schema"},
        "recaps": {"costs"},
        "mapping": {"costs", "reading", "recaps"},
        "users": {"reading", "report"},
        "writing": {"errors", "mapping", "reading", "report", "users"},
        "proof": {"costs", "mapping", "reading", "report", "schema", "users"},
        "summary": {"proof", "report"},
        "bridge": {"connection", "errors", "proof", "reading", "report", "schema", "users", "writing"},
    },
    "api": {
        "filters": {"base"},
        "views": {"base", "filters", "request_body", "responses"},
        "session_responses": {"responses"},
        "session_views": {"base", "filters", "session_responses"},
    },
}
# The bridge needs one state of the database for its comparison, not the reports.
ONLY_SNAPSHOTS = ("confabulous",)
# Only reporting reads the database for pages and API: SQL stays out of them.
WITHOUT_SQL = ("api", "pages")
WITH_SQL = ("org_analytics.reporting.aggregates", "org_analytics.reporting.model_aggregates")
WITHOUT_DJANGO = ("fork_graph", "ingest", "limits", "money", "periods", "push", "repo_paths", "strict_json")
MODELS = "org_analytics.models"
# The modules that docs/python-api.md names: a host builds its own pages with them.
PUBLIC = {
    MODELS,
    "org_analytics.choices",
    "org_analytics.filters",
    "org_analytics.periods",
    "org_analytics.reporting.groups",
    "org_analytics.reporting.reports",
    "org_analytics.reporting.session_list",
    "org_analytics.reporting.usage",
    "org_analytics.reporting.visibility",
}


def room(module: str) -> str:
    """`org_analytics.ingest.claude` → `ingest`."""
    return module.split(".")[1] if "." in module else ""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, package: str, with_names: bool = False) -> Iterator[str]:
    """The modules that a file imports, anywhere in it, as absolute names; not those for type checkers alone.

    `with_names`: also `module.name` for each imported name, which may be a module itself.
    """
    for node in runtime_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            whole_package = source == "org_analytics"
            yield from (f"{source}.{alias.name}" if whole_package else source for alias in node.names)
            if with_names:
                yield from (f"{source}.{alias.name}" for alias in node.names)


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from runtime_nodes(child)


def package_of(path: Path) -> str:
    name = module_name(path)
    return name if path.stem == "__init__" else name.rpartition(".")[0]


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_module_imports_only_the_rooms_it_may(path):
    own = room(module_name(path))
    imported = {room(name) for name in imports(path, package_of(path)) if name.split(".")[0] == "org_analytics"}
    assert imported - {"", "__version__", own} <= ALLOWED.get(own, set())


def modules_of(rooms: Iterable[str]) -> list[Path]:
    return [path for path in MODULES if room(module_name(path)) in rooms]


@pytest.mark.parametrize("path", modules_of(ALLOWED_INSIDE), ids=module_name)
def test_module_imports_only_the_modules_of_its_room_that_it_may(path):
    own, allowed = room(module_name(path)), ALLOWED_INSIDE[room(module_name(path))]
    inside = f"org_analytics.{own}"
    imported = set()
    for name in imports(path, package_of(path), with_names=True):
        if name.startswith(f"{inside}."):
            imported.add(name.removeprefix(f"{inside}.").split(".")[0])
    modules = {module.stem for module in (PACKAGE / own).glob("*.py")}
    assert imported & modules <= allowed.get(path.stem, set())


@pytest.mark.parametrize("path", modules_of(ONLY_SNAPSHOTS), ids=module_name)
def test_bridge_imports_no_report(path):
    imported = {name for name in imports(path, package_of(path)) if name.startswith("org_analytics.reporting")}
    assert imported <= {"org_analytics.reporting.snapshots"}


@pytest.mark.parametrize("path", modules_of(WITHOUT_SQL), ids=module_name)
def test_pages_and_api_import_no_module_that_builds_sql(path):
    imported = set(imports(path, package_of(path), with_names=True))
    assert not {name for name in imported if name.startswith(WITH_SQL)}
    assert not {name for name in imported if name.startswith("django.db.models")}
    of_rollup = {name for name in imported if name.startswith("org_analytics.rollup.")}
    assert {name for name in of_rollup if not name.startswith("org_analytics.rollup.maintenance")} == set()


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_module_has_at_most_300_lines(path):
    assert "migrations" in path.parts or len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_root_of_the_package_has_at_most_16_modules():
    assert len([path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]) <= 16


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if {room(module_name(path)), path.stem} & set(WITHOUT_DJANGO)],
    ids=module_name,
)
def test_pure_module_imports_no_django(path):
    assert not {name for name in imports(path, package_of(path)) if name.split(".")[0] in ("django", "rest_framework")}


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is not beside the package")
def test_example_imports_only_what_docs_python_api_names():
    found = {
        name
        for path in EXAMPLE.rglob("*.py")
        for name in imports(path, "example_project")
        if name.split(".")[0] == "org_analytics"
    }
    assert found <= {"org_analytics", *PUBLIC}


def test_a_forbidden_import_would_be_seen(tmp_path):
    module = tmp_path / "access.py"
    module.write_text("def late():\n    from . import models\n    from .api import x\n    import org_analytics.views\n")
    assert list(imports(module, "org_analytics")) == [
        "org_analytics.models",
        "org_analytics.api",
        "org_analytics.views",
    ]
