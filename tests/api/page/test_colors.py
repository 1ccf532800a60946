"""The palette is readable: every colour of text on every ground, in light and in dark (WCAG 2.2, 1.4.3)."""

import re

import pytest

from tests.api.page.sources import styles

COLOR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
GROUNDS = ("ground", "surface", "raised")
TEXTS = ("ink", "ink-soft", "accent", "gain", "loss")
PAIRS = [
    *((text, ground) for text in TEXTS for ground in GROUNDS),
    ("on-accent", "accent"),
    ("notice", "notice-ground"),
    ("alarm", "alarm-ground"),
]


def _palette(theme: int) -> dict[str, str]:
    return {name: (light, dark)[theme] for name, light, dark in COLOR.findall(styles()["style/colors.css"])}


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_contrast_of_the_standard() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_readable_on_its_ground(theme: int, text: str, ground: str) -> None:
    palette = _palette(theme)
    assert _contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_lines_of_a_chart_are_seen_on_their_ground(theme: int) -> None:
    palette = _palette(theme)
    series = [name for name in palette if name.startswith("series-")]
    assert len(series) == 6
    for name in series:
        assert _contrast(palette[name], palette["surface"]) >= 3, name


@pytest.mark.parametrize("style", sorted(styles()))
def test_a_style_sheet_uses_only_colours_of_the_palette(style: str) -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", styles()[style])) - {"tone"}
    assert used <= set(_palette(0))
    if style != "style/colors.css":
        assert re.findall(r"#[0-9a-f]{3,6}\b", styles()[style]) == []
