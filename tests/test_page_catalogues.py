"""Every text has a German translation, and the compiled catalogue is the one that ships."""

import gettext
import re
from pathlib import Path

import pytest

import org_analytics

pytestmark = pytest.mark.once
LOCALE = Path(org_analytics.__file__).parent / "locale"
GERMAN = LOCALE / "de" / "LC_MESSAGES"


def test_german_is_complete():
    text = (GERMAN / "django.po").read_text()
    entries = text.split("\n\n")[1:]
    assert len(entries) > 100
    assert not [entry for entry in entries if re.search(r'^msgstr(\[\d\])? ""$', entry, re.MULTILINE)]
    assert "fuzzy" not in text


def test_every_text_of_the_templates_is_in_the_catalogue():
    with (GERMAN / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    templates = (Path(org_analytics.__file__).parent / "templates").rglob("*.html")
    texts = [
        text for path in templates for text in re.findall(r"""{% translate ["']([^"']+)["'] %}""", path.read_text())
    ]
    assert texts
    assert [text for text in texts if text not in catalogue] == []


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
