"""The early-exercise boundary of puts, by the fixed-point iteration of Andersen, Lake and Offengenden.

High-Performance American Option Pricing, Journal of Computational Finance 20 (2016). The unknown is
ln(boundary / start)^2 at Chebyshev's points in the root of time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from python_models.options.american.equations import EQUAL, SMOOTH, Equation, Sides, scores_of, terms_of
from python_models.options.american.grid import TIME, TO_PREMIUM
from python_models.options.american.puts import IntArray, Puts
from python_models.options.american.seed import first_boundary
from python_models.options.greeks import FloatArray

CHUNK = 1024  # puts at a time, so that intermediate arrays stay in the CPU cache

_STEEP = 0.75  # rate or dividends of the term, in deviations, from which FP-A becomes unreliable


class LogBoundary(NamedTuple):
    """Log of boundary / strike. now: shape (n_puts,). later: at the points of PREMIUM, (n_points, n_puts)."""

    now: FloatArray
    later: FloatArray

    def take(self, rows: IntArray) -> LogBoundary:
        """The boundaries of the puts at these places."""
        return LogBoundary(self.now[rows], self.later[:, rows])


def log_boundary(puts: Puts) -> LogBoundary:
    """The log boundary of puts with one boundary, now and at later times."""
    size = len(puts.rate)
    found = LogBoundary(np.empty(size), np.empty((len(TO_PREMIUM), size)))
    with np.errstate(all="ignore"):  # a step without a finite value is not taken
        is_steep = np.maximum(puts.rate, puts.dividend_yield) > _STEEP * puts.deviation
        is_paying = puts.dividend_yield != 0  # the others are solved apart, in half the time
        groups = (SMOOTH, ~is_steep & is_paying), (SMOOTH, ~is_steep & ~is_paying), (EQUAL, is_steep)
        for equation, members in groups:
            rows = np.flatnonzero(members)
            for begin in range(0, rows.size, CHUNK):
                part = rows[begin : begin + CHUNK]
                found.now[part], found.later[:, part] = _solve(puts.take(part), equation)
    return found


def _solve(puts: Puts, equation: Equation) -> tuple[FloatArray, FloatArray]:
    start, terms = puts.log_start, terms_of(puts, equation.points)
    depth = np.minimum(np.log(first_boundary(puts, TIME)) - start, 0.0)  # ln(boundary / start)
    for step in range(equation.newton_steps + equation.plain_steps):
        later = _interpolated(equation.points.interpolation, depth)
        sides = equation.sides(terms, scores_of(terms, depth, start, later))
        ratio = terms.discount * sides.cash / sides.asset
        if step < equation.newton_steps:
            ratio = _newton(sides, ratio, np.exp(start + depth), np.exp(start))
        found = np.log(ratio) - start
        depth = np.where(found <= 0, found, depth)
    return start + depth[0], start - _interpolated(TO_PREMIUM, depth)


def _newton(sides: Sides, ratio: FloatArray, boundary: FloatArray, start: FloatArray) -> FloatArray:
    """Newton's step for boundary = ratio(boundary); where it leaves the domain, the plain step."""
    slope = ratio * (sides.cash_slope / sides.cash - sides.asset_slope / sides.asset) / boundary
    found = boundary - (boundary - ratio) / (1 - slope)
    return np.where((found > 0) & (found < start), found, ratio)


def _interpolated(weights: FloatArray, depth: FloatArray) -> FloatArray:
    """-ln(boundary / start) at the times of the weights.

    Added up node by node, not by linear algebra, whose rounding would depend on the number of puts.
    """
    square = sum(column[:, None] * level for column, level in zip(weights.T, depth**2, strict=True))
    depth_there: FloatArray = np.sqrt(np.maximum(square, 0.0))
    return depth_there
