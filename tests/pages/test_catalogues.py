"""Every text of the package, in Python and in templates, is translated into every language that it has."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import org_analytics

pytestmark = pytest.mark.once
PACKAGE = Path(org_analytics.__file__).parent
LOCALES = ["de", "es", "fr", "ja", "zh_Hans"]


@pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext is not installed")
@pytest.mark.parametrize("locale", LOCALES)
def test_catalogue_is_complete(tmp_path, locale):
    package = tmp_path / "org_analytics"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    command = [sys.executable, "-m", "django", "makemessages", f"--locale={locale}", "--no-location", "--no-obsolete"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=package, env=environment, check=True, capture_output=True)
    entries = (package / "locale" / locale / "LC_MESSAGES" / "django.po").read_text().split("\n\n")[1:]
    assert len(entries) > 100
    untranslated = re.compile(r'^msgstr(\[\d\])? ""$(?!\n")|^#, .*fuzzy', re.MULTILINE)
    assert [entry for entry in entries if untranslated.search(entry)] == []


def test_these_are_all_catalogues():
    assert sorted(path.name for path in (PACKAGE / "locale").iterdir()) == LOCALES


@pytest.mark.django_db
def test_a_german_reader_gets_a_german_page(api, make_session, user, now):
    make_session(user, cost_usd="1234.5", duration_ms=90_000)
    page = api.get("/organization", headers={"Accept-Language": "de-AT,de;q=0.9"}).content.decode()
    for text in (
        '<html lang="de"',
        "Letzte 7 Tage",
        "11. Juni 2026 – 17. Juni 2026",
        "1.234,50\xa0$",
        "Gesch. Kosten",
        "1\xa0min 30\xa0s",
    ):
        assert text in page
