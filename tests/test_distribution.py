"""What is built and shipped, and the commands that start from a bare machine."""

import email
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import org_analytics

ROOT = Path(__file__).parent.parent
if not (ROOT / "org_analytics").is_dir():
    pytest.skip("needs the source tree", allow_module_level=True)

NOT_SHIPPED = ("__pycache__", ".pyc")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The directory with a fresh wheel and sdist."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", target], cwd=ROOT, check=True, capture_output=True
    )
    return target


@pytest.fixture(scope="module")
def wheel(built):
    [path] = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel):
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def package_files():
    paths = (path for path in (ROOT / "org_analytics").rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if not path.as_posix().endswith(NOT_SHIPPED)}


def test_wheel_holds_the_whole_package_and_nothing_else(wheel):
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == package_files()
    assert "org_analytics/py.typed" in shipped


def test_h16_wheel_is_small_and_has_no_real_source_map(built, wheel):
    [path] = built.glob("*.whl")
    assert [info.filename for info in wheel.infolist() if info.filename.endswith(".map") and info.file_size > 200] == []
    assert path.stat().st_size < 900_000  # 675 kB in November 2026; a source map would add 250 kB


def test_sdist_holds_the_package_and_its_papers(built):
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    papers = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert names - papers == package_files()
    assert papers - {".gitignore"} <= names


def test_metadata_names_version_licence_and_few_requirements(metadata):
    assert metadata["Name"] == "django-org-analytics"
    assert metadata["Version"] == org_analytics.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    required = {text.split(">")[0].lower() for text in metadata.get_all("Requires-Dist") if "extra ==" not in text}
    assert required == {"django", "djangorestframework", "django-filter"}
    assert metadata.get_all("Provides-Extra") == ["demo", "ingest", "postgres"]


def test_wheel_ships_the_licence(wheel):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())


def fake_python(directory, body):
    path = directory / "python3"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def make_venv(python, directory):
    return subprocess.run(
        [ROOT / "scripts" / "make-venv", python, directory / "venv"],
        env={**os.environ, "MAKECMDGOALS": "demo"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ('case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2;; esac', "make demo PYTHON=python3.12"),
        ('case "$*" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
    ids=["too-old", "no-venv-module"],
)
def test_unusable_python_is_one_line_that_says_what_to_do(tmp_path, body, advice):
    done = make_venv(fake_python(tmp_path, body), tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert advice in done.stderr


def test_too_old_python_is_named_with_its_version(tmp_path):
    body = 'case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2;; esac'
    assert "Python 3.9.2" in make_venv(fake_python(tmp_path, body), tmp_path).stderr


def test_missing_python_is_one_line_that_says_what_to_do(tmp_path):
    done = make_venv("python-that-is-not-there", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "python-that-is-not-there was not found: install Python 3.11 or newer, or name one: "
        "make demo PYTHON=/path/to/python3"
    ]
