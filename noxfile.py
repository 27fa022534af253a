"""`make matrix`: the suite on the built wheel, with each supported pair of Python and Django, on both databases."""

import os
import shutil
from pathlib import Path

import nox

PAIRS = [("3.11", "5.2"), ("3.12", "6.0"), ("3.13", "6.1")]
PROJECT = nox.project.load_toml("pyproject.toml")
TEST_REQUIREMENTS = nox.project.dependency_groups(PROJECT, "test")
EXTRAS = "[demo,ingest,postgres]"
# Files that the suite needs besides the package. They do not include the package's own source.
BESIDE_THE_WHEEL = ("tests", "benchmarks", "docs", "example_project", "manage.py", "pyproject.toml")
# Browsers, the second user model and thorough searches do not depend on versions: `make test` runs them.
PYTEST = ("python", "-m", "pytest", "--numprocesses", "3", "--dist", "worksteal", "--quiet", "-m")
POSTGRES = ("python", "-m", "tests.postgres")
# What a version can change about a database is tested by the rooms that ask it; `make test` runs all on both.
DATABASE_ROOMS = ("tests/api", "tests/models", "tests/reporting", "tests/rollup")
# `make hosts` builds its sites with each version.
NOT_PER_VERSION = ("--ignore=tests/hosts_matrix", "--ignore=tests/load")
ENVIRONMENT = {"HYPOTHESIS_PROFILE": "quick"}

nox.options.reuse_existing_virtualenvs = True
# A pair whose interpreter is not installed is skipped with a message, also in CI.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.default_venv_backend = "virtualenv"
# pyenv's shims fail for versions that are installed but not selected: put the interpreters themselves first.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
os.environ["PATH"] = os.pathsep.join(
    [*(str(path) for path in sorted(PYENV.glob("versions/3.1[1-9].*/bin"), reverse=True)), os.environ["PATH"]]
)


@nox.session
@nox.parametrize(("python", "django"), PAIRS)
def suite(session: nox.Session, django: str) -> None:
    """Run the suite on the built wheel with one pair. ALREADY_TESTED (such as 3.11-5.2) runs only if no other can."""
    others = {python for python, _django in PAIRS} - {session.python}
    if f"{session.python}-{django}" == os.environ.get("ALREADY_TESTED") and any(map(_is_there, others)):
        session.skip("already tested")
    built = Path(session.create_tmp()).resolve() / "built"
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), ".")
    [wheel] = built.glob("*.whl")
    session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", "django-org-analytics")
    session.install(f"{wheel}{EXTRAS}", f"Django=={django}.*", *TEST_REQUIREMENTS)
    for name in BESIDE_THE_WHEEL:
        session.run("cp", "-R", name, str(built), external=True, silent=True)
    session.chdir(built)
    session.run(*PYTEST, "not browser", *NOT_PER_VERSION, *session.posargs, env=ENVIRONMENT)
    session.run(*POSTGRES, *PYTEST, "not browser and not once", *DATABASE_ROOMS, *session.posargs, env=ENVIRONMENT)


def _is_there(python: str) -> bool:
    return shutil.which(f"python{python}") is not None
