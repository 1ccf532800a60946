"""Charts as SVG, small and without script: lines by session, bars, and heat maps of correlations.

A `Look` decides what a colour and a font are called: a variable of the page's style sheet in HTML, a literal
in PDF.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import ceil, floor, log10
from typing import Final

from api.reports.figures import shown
from api.reports.model import Kind

WIDTH: Final = 720
LINE_HEIGHT: Final = 200
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 12, 24
BAR, GAP, LABELS = 12, 8, 210
CELL: Final = 34
HEAT_STEPS: Final = 4

Values = Sequence[float | None]


@dataclass(frozen=True)
class Look:
    """Colours by their name in the palette, and the font of texts (None: that of the page)."""

    color: Callable[[str], str]
    font: str | None = None


@dataclass(frozen=True)
class Scale:
    """Maps values from low to high to positions from start to end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The position of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers that cover low to high, at most about `most` of them.

    >>> ticks(0.13, 0.94)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low or abs(high) or 1.0
    power = 10 ** floor(log10(span / most))
    step = next(power * each for each in (1, 2, 5, 10) if span / (power * each) <= most)
    first = floor(low / step + 1e-9)
    last = max(ceil(high / step - 1e-9), first + 1)
    return [round(place * step, 12) for place in range(first, last + 1)]


def line_chart(title: str, dates: Sequence[date], lines: Sequence[Values], kind: Kind, look: Look) -> str:
    """Lines by session; they break where a value is absent."""
    known = [value for line in lines for value in line if value is not None]
    marks = ticks(min(known), max(known)) if known else [0.0, 1.0]
    across = Scale(0, max(len(dates) - 1, 1), LEFT, WIDTH - RIGHT)
    up = Scale(marks[0], marks[-1], LINE_HEIGHT - BOTTOM, TOP)
    body = [*_grid(marks, up, kind, look), *_days(dates, across, look)]
    for place, line in enumerate(lines):
        body.append(_path(line, across, up, look.color(f"series-{place + 1}")))
    return _svg(title, LINE_HEIGHT, body, look)


def bar_chart(
    title: str,
    labels: Sequence[str],
    bars: Sequence[Values],
    kind: Kind,
    look: Look,
    *,
    errors: Values | None = None,
) -> str:
    """Bars from zero, a group for each label; an error is drawn as a whisker on either side."""
    spread = [*errors] if errors else [None] * len(labels)
    ends = [value for each in bars for value in each if value is not None]
    ends += [
        value + side * error
        for value, error in zip(bars[0], spread, strict=True)
        if value is not None and error is not None
        for side in (-1, 1)
    ]
    marks = ticks(min([0.0, *ends]), max([0.0, *ends]))
    along = Scale(marks[0], marks[-1], LABELS, WIDTH - 4 * RIGHT)
    row = BAR * len(bars) + GAP
    bottom = TOP + row * len(labels)
    body = list(_uprights(marks, along, bottom, kind, look))
    for place, label in enumerate(labels):
        top = TOP + place * row + GAP / 2
        body.append(_text(LABELS - 8, top + BAR * len(bars) / 2 + 4, _short(label), look, anchor="end"))
        for layer, values in enumerate(bars):
            body += _bar(values[place], top + layer * BAR, along, look, faded=layer > 0)
        body += _whisker(bars[0][place], spread[place], top + BAR / 2, along, look)
    return _svg(title, bottom + BOTTOM, body, look)


def heat_map(title: str, names: Sequence[str], rows: Sequence[Values], look: Look) -> str:
    """Values from -1 to 1 as coloured cells with two decimals."""
    left, top = 96, 24
    body = [
        _text(left + (place + 0.5) * CELL, top - 8, _short(name, 6), look, anchor="middle", size=9)
        for place, name in enumerate(names)
    ]
    for down, (name, row) in enumerate(zip(names, rows, strict=True)):
        middle = top + (down + 0.5) * CELL * 0.7 + 4
        body.append(_text(left - 8, middle, _short(name, 14), look, anchor="end"))
        for place, value in enumerate(row):
            body += _cell(value, left + place * CELL, top + down * CELL * 0.7, look)
    return _svg(title, top + len(names) * CELL * 0.7 + 4, body, look)


def _grid(marks: Sequence[float], up: Scale, kind: Kind, look: Look) -> Iterator[str]:
    for mark in marks:
        color = look.color("line-strong" if mark == 0 else "line")
        yield _line(LEFT, up(mark), WIDTH - RIGHT, up(mark), color)
        yield _text(LEFT - 8, up(mark) + 4, _mark(mark, kind), look, anchor="end")


def _days(dates: Sequence[date], across: Scale, look: Look) -> Iterator[str]:
    shown_days = sorted({round(part * (len(dates) - 1) / 4) for part in range(5)}) if dates else []
    for place in shown_days:
        anchor = "start" if place == 0 else "end" if place == len(dates) - 1 else "middle"
        yield _text(across(place), LINE_HEIGHT - 6, dates[place].isoformat(), look, anchor=anchor)


def _path(line: Values, across: Scale, up: Scale, color: str) -> str:
    steps, pen = [], "M"
    for place, value in enumerate(line):
        if value is None:
            pen = "M"
            continue
        steps.append(f"{pen}{across(place):.1f} {up(value):.1f}")
        pen = "L"
    return f'<path d="{" ".join(steps)}" fill="none" stroke="{color}" stroke-width="1.5"/>'


def _uprights(marks: Sequence[float], along: Scale, bottom: float, kind: Kind, look: Look) -> Iterator[str]:
    for mark in marks:
        color = look.color("line-strong" if mark == 0 else "line")
        yield _line(along(mark), TOP, along(mark), bottom, color)
        yield _text(along(mark), bottom + 16, _mark(mark, kind), look, anchor="middle")


def _bar(value: float | None, top: float, along: Scale, look: Look, *, faded: bool) -> Iterator[str]:
    if value is None:
        return
    start, end = sorted((along(0.0), along(value)))
    color = look.color("loss" if value < 0 else "gain")
    yield _rect(start, top, end - start, BAR - 1, color, opacity=0.45 if faded else 1)


def _whisker(
    value: float | None, error: float | None, middle: float, along: Scale, look: Look
) -> Iterator[str]:
    if value is not None and error is not None:
        yield _line(along(value - error), middle, along(value + error), middle, look.color("ink"))


def _cell(value: float | None, left: float, top: float, look: Look) -> Iterator[str]:
    step = 0 if value is None else min(ceil(abs(value) * HEAT_STEPS - 1e-9), HEAT_STEPS)
    side = "plus" if value is not None and value > 0 else "minus"
    color = look.color("heat-zero" if step == 0 else f"heat-{side}-{step}")
    yield _rect(left, top, CELL - 1, CELL * 0.7 - 1, color)
    ink = "on-accent" if step == HEAT_STEPS else "ink"
    text = "" if value is None else f"{value:.2f}"
    yield _text(left + CELL / 2, top + CELL * 0.35 + 4, text, look, anchor="middle", size=10, ink=ink)


def _mark(value: float, kind: Kind) -> str:
    if kind is Kind.MONEY:
        return f"{value:,.0f}"
    if kind is Kind.RATE:
        return f"{value * 100:,.4g} %"
    return shown(value, Kind.RATIO)


def _short(text: str, most: int = 36) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'


def _rect(x: float, y: float, width: float, height: float, color: str, *, opacity: float = 1) -> str:
    seen = "" if opacity == 1 else f' fill-opacity="{opacity}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"{seen}/>'


def _text(
    x: float, y: float, text: str, look: Look, *, anchor: str = "start", size: int = 11, ink: str = "ink-soft"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{look.color(ink)}">'
        f"{escape(text)}</text>"
    )


def _svg(title: str, height: float, body: Sequence[str], look: Look) -> str:
    font = "" if look.font is None else f' font-family="{escape(look.font)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}"{font}>{"".join(body)}</svg>'
    )
