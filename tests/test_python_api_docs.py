"""The examples of docs/python-api.md work: they are put into a new site, which then runs its tests and ours.

A block that begins with `# some/file.py` or `{# some/file.html #}` becomes that file. Of the others, HTML is one
template, and Python is statements, run in their order with `user`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "python-api.md"
HOST = Path(__file__).parent / "docs_host"
if not PAGE.exists():
    pytest.skip("the docs are not beside the package", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|html)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\{?# ([a-z_/]+\.(?:py|html))(?: #\})?\n")


def database_url() -> str:
    """The server on which this suite runs, for a database of the site's own."""
    return os.environ.get("DATABASE_URL", "") if connection.vendor == "postgresql" else ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site made of the examples, with what each site has around them."""
    root = tmp_path_factory.mktemp("site")
    for source in HOST.rglob("*.py"):
        write(root / source.relative_to(HOST), source.read_text(encoding="utf-8"))
    statements = []
    for language, code in BLOCKS:
        named = FILE.match(code)
        if named:
            write(root / named[1], code)
        elif language == "html":
            write(root / "templates" / "nav.html", code)
        else:
            statements.append(code)
    write(root / "statements.py", "\n\n".join(statements))
    for package in {path.parent for path in root.rglob("*.py")} - {root}:
        write(package / "__init__.py", "")
    return root


def write(path: Path, text: str) -> None:
    """Add to the file: several examples may be one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def manage(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "DATABASE_URL": database_url(),
        "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]),
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, "-m", "django", *arguments]
    return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, check=False)


def test_page_has_examples_of_both_kinds() -> None:
    named = {FILE.match(code)[1] for _language, code in BLOCKS if FILE.match(code)}  # type: ignore[index]
    assert {
        "agents/models.py",
        "agents/signals.py",
        "agents/queued.py",
        "agents/nightly.py",
        "agents/tests.py",
        "agents/views.py",
        "templates/agents/sessions.html",
    } <= named
    assert len(BLOCKS) > len(named) + 3


@pytest.mark.django_db
def test_every_example_runs_in_a_new_site(site: Path) -> None:
    done = manage(site, "makemigrations", "agents")
    assert done.returncode == 0, done.stderr
    done = manage(site, "check")
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr
    done = manage(site, "test", "--noinput", "-v", "2")
    assert done.returncode == 0, done.stderr
    assert ("test_site_" if connection.vendor == "postgresql" else "memorydb") in done.stderr
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.MULTILINE)
    assert ran, done.stderr
    assert int(ran[1]) >= 14
