"""One language on the page, and the reader's own numbers and direction."""

import re

import pytest
from django.conf.locale import LANG_INFO
from django.utils import translation
from django.utils.formats import get_format

from org_analytics.pages.formats import axis_conventions, format_count
from org_analytics.pages.languages import is_right_to_left, numbers_in, page_language

TRANSLATED = ["de", "fr", "es", "ja", "zh-hans"]
LANGUAGES = sorted(code for code in LANG_INFO if "fallback" not in LANG_INFO[code])


@pytest.mark.parametrize(
    ("asked", "default", "language"),
    [
        *((code, "en", code) for code in TRANSLATED),
        ("de-at", "en", "de-at"),
        ("es-mx", "en", "es-mx"),
        ("en-gb", "de", "en-gb"),
        ("it", "en", "en"),
        ("it", "de", "de"),
        ("it", "it", "en"),
        ("ar", "en-us", "en-us"),
        ("zh-hant", "en", "en"),
        (None, "fr", "fr"),
    ],
)
def test_the_page_speaks_the_best_language_that_it_has(settings, asked, default, language):
    settings.LANGUAGE_CODE = default
    assert page_language(asked) == language


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.django_db
def test_a_translated_language_is_the_page_s(api, language, user, now):
    response = api.get("/organization", headers={"Accept-Language": language})
    assert f'<html lang="{language}"' in response.content.decode()
    assert response["Content-Language"] == language
    with translation.override(language):
        assert translation.gettext("Hide people without sessions") in response.content.decode()


@pytest.mark.parametrize("language", ["it", "pl", "ar", "zh-hant"])
@pytest.mark.django_db
def test_a_language_without_a_catalogue_gets_one_language_and_not_a_mixture(api, language, user, make_session, now):
    """Django's own catalogues know "This month", "Log out" and more of the page's texts."""
    make_session(user)
    english = api.get("/organization").content.decode()
    response = api.get("/organization", headers={"Accept-Language": language})
    assert re.search(r'<html lang="en"', response.content.decode())
    assert response["Content-Language"] == "en"
    assert texts(response.content.decode()) == texts(english)


def texts(html):
    """The words of a page without its numbers, which are the reader's."""
    html = re.sub(r"<(script|noscript).*?</\1>", " ", html, flags=re.DOTALL)
    return re.findall(r"[^\W\d_]+", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("it", "ltr")])
@pytest.mark.django_db
def test_the_direction_is_that_of_the_language_asked_for(api, language, direction, user, now):
    html = api.get("/organization", headers={"Accept-Language": language}).content.decode()
    assert re.findall(r"<html[^>]*>", html) == [f'<html lang="en" dir="{direction}">']
    assert ("admin/css/rtl.css" in html) is (direction == "rtl")


@pytest.mark.django_db
def test_numbers_are_written_as_in_the_language_asked_for(api, user, make_session, now):
    make_session(user, cost_usd="1234.5", duration_ms=1)
    for language, cost in (("it", "$1.234,50"), ("pl", "$1\xa0234,50"), ("en", "$1,234.50")):
        html = api.get("/organization", headers={"Accept-Language": language}).content.decode()
        assert cost in html, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_groups_digits_and_the_axis_has_the_same_conventions(language):
    with translation.override(language):
        text, axis = format_count(1234567), axis_conventions()
        decimal = get_format("DECIMAL_SEPARATOR")
    assert axis["decimal"] == decimal
    assert axis["thousands"] not in ("", decimal)
    assert text.split(axis["thousands"])[-1] == "567"
    assert text.replace(axis["thousands"], "") == "1234567"
    assert axis["grouping"][0] == 3


def test_numbers_follow_the_language_asked_for_only_within_the_page():
    with translation.override("en"):
        with numbers_in("de"):
            assert format_count(1234) == "1.234"
        assert format_count(1234) == "1,234"


def test_right_to_left_languages_are_those_of_the_settings():
    assert is_right_to_left("ar")
    assert is_right_to_left("he-il")
    assert not is_right_to_left("en")
    assert not is_right_to_left(None)
