"""What the browser loads: vendored unmodified, found by the strictest static storage."""

import hashlib
import re
from pathlib import Path

import pytest
from django.core.management import call_command

import org_analytics

pytestmark = pytest.mark.once

STATIC = Path(org_analytics.__file__).parent / "static" / "org_analytics"


def vendored():
    text = (STATIC / "vendor" / "README.md").read_text()
    return re.findall(r"^\| (\S+/\S+) \|.*\((\S+)\) \| ([0-9a-f]{64}) \|$", text, re.MULTILINE)


def test_vendored_files_are_those_of_the_table_with_their_licences():
    table = {name: checksum for name, _licence, checksum in vendored()}
    files = [path for path in (STATIC / "vendor").rglob("*") if path.is_file() and path.name != "README.md"]
    licences = {licence for _name, licence, _checksum in vendored()}
    assert {str(path.relative_to(STATIC / "vendor")) for path in files} == {*table, *licences}
    for name, checksum in table.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == checksum


@pytest.mark.filterwarnings("ignore:.*")
def test_every_file_that_is_named_is_there(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "staticfiles.json").exists()
