"""The languages of the page: one for its text, which has to be translated, and the reader's own for numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_noop

# The languages of text and of numbers inside `numbers_in`: asking Django takes a hundred times as long, and a page has
# a thousand numbers.
_languages: ContextVar[tuple[str | None, str | None] | None] = ContextVar("org_analytics_languages", default=None)
# Texts that only this package has: a language that translates them has a catalogue of ours, built in or the host's.
_SAMPLES = (
    gettext_noop("Skip to the table"),
    gettext_noop("Scroll the table sideways to see all columns."),
    gettext_noop("Usage per person. Select a column heading to sort by it."),
)


def page_language(asked: str | None) -> str:
    """Return the language of the page's text: the one asked for, else the site's default, else English.

    Django would mix them: its own catalogues translate the texts that they happen to share with ours.
    """
    candidates = filter(None, (asked, settings.LANGUAGE_CODE))
    return next(filter(_is_covered, candidates), "en")


def is_right_to_left(language: str | None) -> bool:
    """Whether the language is written from right to left."""
    return bool(language) and str(language).partition("-")[0] in settings.LANGUAGES_BIDI


@contextmanager
def numbers_in(language: str | None) -> Iterator[None]:
    """Write numbers as the language does, whatever the language of the text is, which must not change inside."""
    text = translation.get_language()
    token = _languages.set((text, language or text))
    try:
        yield
    finally:
        _languages.reset(token)


def languages_in_use() -> tuple[str | None, str | None]:
    """Return the active language of text, and the one whose separators numbers have: the same outside `numbers_in`."""
    inside = _languages.get()
    if inside:
        return inside
    text = translation.get_language()
    return text, text


def _is_covered(language: str) -> bool:
    """Whether the samples are translated, and not by the site's default language, to which Django falls back."""
    base, default = language.partition("-")[0], settings.LANGUAGE_CODE
    if base == "en":
        return True
    own = _translations(language)
    is_translated = all(text != source for text, source in zip(own, _SAMPLES, strict=True))
    return is_translated and (base == default.partition("-")[0] or own != _translations(default))


def _translations(language: str) -> list[str]:
    with translation.override(language):
        return [translation.gettext(sample) for sample in _SAMPLES]
