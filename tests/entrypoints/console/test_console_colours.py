"""The palette keeps the contrast it promises, computed from the style sheet itself."""

import math
import re
from pathlib import Path

import pytest

import watchfloor.entrypoints.console

TOKENS = Path(watchfloor.entrypoints.console.__file__).parent / "static/watchfloor/tokens.css"
PAIR = re.compile(r"--([\w-]+): light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\);")
THEMES = ("light", "dark")
SURFACES = ("bg", "surface", "raised", "hover")
WORDS = ("ink", "ink-2", "ink-3", "accent", "critical", "high", "medium", "low", "good")
MARKS = ("line-control", "mark-quiet", "band-edge")


def palette():
    return {
        (name, theme): value
        for name, *values in PAIR.findall(TOKENS.read_text())
        for theme, value in zip(THEMES, values, strict=True)
    }


def luminance(oklch):
    """Relative luminance (WCAG 2.2) of an opaque OKLCH colour (Ottosson 2020, inverse of OKLab)."""
    lightness, chroma, hue = (float(part.rstrip("%")) for part in oklch.split()[:3])
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    light = lightness / 100
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    clipped = (min(1.0, max(0.0, part)) for part in (red, green, blue))
    return sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), clipped, strict=True))


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_twenty_one():
    assert contrast("0% 0 0", "100% 0 0") == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("surface", SURFACES)
def test_words_can_be_read_on_every_surface(word, surface, theme):
    colours = palette()

    assert contrast(colours[word, theme], colours[surface, theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("surface", SURFACES)
def test_marks_and_borders_of_controls_can_be_seen(mark, surface, theme):
    colours = palette()

    assert contrast(colours[mark, theme], colours[surface, theme]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("word", "behind"),
    [
        ("on-accent", "accent"),
        ("ink", "accent-soft"),
        ("ink-2", "accent-soft"),
        ("ink", "good-soft"),
        ("ink", "warn-soft"),
        ("critical", "bad-soft"),
    ],
)
def test_words_can_be_read_on_tinted_grounds(word, behind, theme):
    colours = palette()

    assert contrast(colours[word, theme], colours[behind, theme]) >= 4.5
