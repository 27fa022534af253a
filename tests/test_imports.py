"""Who may import whom: rooms of the house, not a knot."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import org_analytics

PACKAGE = Path(org_analytics.__file__).parent
EXAMPLE = PACKAGE.parent / "example_project"

# Module (or folder) → what of ours it may import. What is not named here may import nothing of ours.
ALLOWED = {
    "cleaners": {"fields"},
    "rows": {"cleaners", "fields", "remotes"},
    "model_usage": {"cleaners", "fields", "fork_links", "rows"},
    "imports": {"rows"},
    "fork_links": {"forks", "remotes"},
    "recording": {"fork_links", "remotes", "rows"},
    "models": {"cleaners", "fields", "fork_links", "imports", "model_usage", "recording", "remotes", "rows"},
    "rollup": {"conf", "daily", "periods", "triggers"},
    "operations": {"conf", "daily", "rollup", "triggers"},
    "migrations": {"fields", "operations"},
    "filters": {"conf", "models", "periods", "rows"},
    "reading": {"conf", "fields", "models"},
    "parts": {"conf", "daily", "filters", "models", "periods", "triggers"},
    "aggregates": {"conf", "fields", "filters", "models", "parts", "reading", "rows", "triggers"},
    "analytics": {"aggregates", "conf", "filters", "models", "periods", "reading", "triggers"},
    "gates": {"conf"},
    "serializers": {"fields"},
    "formats": {"fields"},
    "figures": {"aggregates", "fields", "formats"},
    "chart": {"aggregates", "analytics", "figures", "formats", "rows"},
    "page_state": {"filters", "periods"},
    "page_filters": {"conf", "filters", "page_state", "periods", "rows"},
    "controls": {"figures", "formats", "page_filters", "page_state", "periods", "rows"},
    "page": {"aggregates", "analytics", "figures", "formats", "page_state"},
    "downloads": {"aggregates", "analytics", "conf", "fields", "figures", "page", "page_state", "serializers"},
    "templatetags": {"formats", "gates"},
    "api": {"analytics", "conf", "fields", "filters", "gates", "models", "periods", "reading", "serializers"},
    "views": {
        "analytics",
        "chart",
        "conf",
        "controls",
        "downloads",
        "fields",
        "figures",
        "filters",
        "gates",
        "page",
        "page_filters",
        "page_state",
        "periods",
        "reading",
        "rollup",
    },
    "bodies": {"strict_json"},
    "sessions_api": {"api", "bodies", "models", "serializers"},
    "urls": {"api", "sessions_api", "views"},
    "checks": {"conf", "rollup"},
    "apps": {"checks"},
    "admin": {"models"},
    "ingest": {"ingest", "remotes"},
    "push": {"ingest", "push", "remotes"},
    "management": {"conf", "ingest", "management", "models", "rollup", "rows", "strict_json", "reading"},
}
WITHOUT_DJANGO = ("remotes", "forks", "periods", "ingest", "push")
WRITE_DOOR = "org_analytics.models"


def room(module: str) -> str:
    """`org_analytics.ingest.claude` → `ingest`."""
    return module.split(".")[1] if "." in module else ""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, package: str) -> Iterator[str]:
    """The modules that a file imports, wherever in it, absolute; not those for type checkers alone."""
    for node in runtime_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            whole_package = source == "org_analytics"
            yield from (f"{source}.{alias.name}" if whole_package else source for alias in node.names)


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
    assert imported - {"", "__version__"} <= ALLOWED.get(own, set())


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room(module_name(path)) in WITHOUT_DJANGO], ids=module_name
)
def test_pure_module_imports_no_django(path):
    assert not {name for name in imports(path, package_of(path)) if name.split(".")[0] in ("django", "rest_framework")}


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is not beside the package")
def test_example_imports_only_the_write_door():
    found = {
        name
        for path in EXAMPLE.rglob("*.py")
        for name in imports(path, "example_project")
        if name.split(".")[0] == "org_analytics"
    }
    assert found <= {"org_analytics", WRITE_DOOR}


def test_a_forbidden_import_would_be_seen(tmp_path):
    module = tmp_path / "gates.py"
    module.write_text("def late():\n    from . import models\n    from .api import x\n    import org_analytics.views\n")
    assert list(imports(module, "org_analytics")) == [
        "org_analytics.models",
        "org_analytics.api",
        "org_analytics.views",
    ]
