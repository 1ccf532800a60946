"""The colours of reports: those of the page, from its style sheet."""

import re
from functools import cache
from pathlib import Path
from typing import Final

import api
from api.reports.render.svg import Look

COLORS: Final = Path(api.__file__).parent / "page" / "static" / "style" / "colors.css"
PRINT_FONT: Final = "Libertinus Serif"  # the one that typst carries

_COLOR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")


@cache
def style_sheet() -> str:
    """The page's style sheet of colours."""
    return COLORS.read_text("utf-8")


@cache
def light_colors() -> dict[str, str]:
    """The colours on a light ground by name."""
    return {name: light for name, light, _ in _COLOR.findall(style_sheet())}


def page_look() -> Look:
    """Colours as variables, which follow the reader's choice of a light or dark page."""
    return Look(color=lambda name: f"var(--{name})")


def print_look() -> Look:
    """Colours on paper."""
    return Look(color=lambda name: light_colors()[name], font=PRINT_FONT)
