"""`make matrix`: the suite, without browser tests, with each supported pair on both databases, and on the wheel."""

import os
import shutil
from pathlib import Path

import nox

PAIRS = [("3.11", "5.2"), ("3.12", "6.0"), ("3.13", "6.1")]
PROJECT = nox.project.load_toml("pyproject.toml")
TEST_REQUIREMENTS = nox.project.dependency_groups(PROJECT, "test")
EXTRAS = "[demo,ingest,postgres]"
# What the suite needs beside the package.
BESIDE_THE_PACKAGE = ("tests", "benchmarks", "example_project", "manage.py", "pyproject.toml")

# What differs between versions: browsers, the second user model and thorough searches are for `make test`.
SUITE = ("python", "-m", "tests", "--without-browser", "--one-user-model", "--quiet")
SEARCHED = {"HYPOTHESIS_PROFILE": "quick"}

nox.options.reuse_existing_virtualenvs = True
# A pair whose interpreter is not there is skipped with a line, also in CI.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.default_venv_backend = "virtualenv"
# pyenv's shims fail for versions that are installed but not selected: look at the interpreters themselves first.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
os.environ["PATH"] = os.pathsep.join(
    [*(str(path) for path in sorted(PYENV.glob("versions/3.1[1-9].*/bin"), reverse=True)), os.environ["PATH"]]
)


@nox.session
@nox.parametrize(("python", "django"), PAIRS)
def suite(session: nox.Session, django: str) -> None:
    """The suite with one pair; that of ALREADY_TESTED (as 3.11-5.2) is left out."""
    if f"{session.python}-{django}" == os.environ.get("ALREADY_TESTED"):
        session.skip("already tested")
    session.install("--editable", f".{EXTRAS}", f"Django=={django}.*", *TEST_REQUIREMENTS)
    session.run(*SUITE, *session.posargs, env=SEARCHED)


@nox.session
def wheel(session: nox.Session) -> None:
    """The suite on what ships, on SQLite: the source tree is not on the path."""
    built = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), ".")
    [package] = built.glob("*.whl")
    session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", "django-org-analytics")
    session.install(f"{package}{EXTRAS}", *TEST_REQUIREMENTS)
    copy = built.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in BESIDE_THE_PACKAGE:
        session.run("cp", "-R", name, str(copy), external=True, silent=True)
    session.chdir(copy)
    session.run(*SUITE, *session.posargs, env=SEARCHED | {"DATABASE_URL": f"sqlite:///{copy}/wheel.sqlite3"})
