"""Static files: libraries are vendored unmodified, and the strictest static storage finds every file."""

import hashlib
import re
from itertools import pairwise
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
    own = {"chartjs/chart.umd.min.js.map"}
    assert {str(path.relative_to(STATIC / "vendor")) for path in files} == {*table, *licences, *own}
    for name, checksum in table.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == checksum


def test_the_source_map_is_only_a_name_for_static_storages():
    assert (STATIC / "vendor" / "chartjs" / "chart.umd.min.js.map").stat().st_size < 200


def test_style_sheets_name_only_colours_of_our_own_or_with_a_fallback():
    for path in (STATIC / "css").glob("*.css"):
        bare = re.findall(r"var\((--(?!oa-)[\w-]+)\)", path.read_text())
        assert set(bare) <= {"--header-link-color"}, path.name  # in a rule for the admin's own header


@pytest.mark.filterwarnings("ignore:.*")
def test_every_file_that_is_named_is_there(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "staticfiles.json").exists()


def luminance(color: str) -> float:
    """Relative, as WCAG defines it, of a colour such as #0f5aa6."""
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    darker, lighter = sorted([one, other])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("theme", "backgrounds"), [(1, ["#ffffff", "#f8f8f8"]), (2, ["#121212", "#212121"])])
def test_providers_colours_stand_out_and_differ_also_without_hue(theme, backgrounds):
    css = (STATIC / "css" / "tokens.css").read_text()
    names = ("claude-code", "codex", "opencode", "cursor")
    pairs = [re.search(rf"--oa-{name}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\);", css) for name in names]
    colors = [luminance(pair[theme]) for pair in pairs]
    assert all(contrast(color, luminance(behind)) >= 3 for color in colors for behind in backgrounds)
    assert all(contrast(one, other) >= 1.3 for one, other in pairwise(sorted(colors)))
