"""The two equations of the exercise boundary by Andersen, Lake and Offengenden: boundary = ratio(boundary).

FP-A says that the price leaves intrinsic value smoothly, FP-B that it equals it. FP-A converges in fewer
steps, the first Jacobi and Newton's, but not where the rates of the term exceed its deviation; there FP-B
does. In both, the numerator is of the cash and the denominator of the asset that exercise exchanges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from python_models.options.american.grid import NODES, TIME, Points, added, points
from python_models.options.american.puts import Puts
from python_models.options.greeks import FloatArray

_SQRT_TWO_PI = float(np.sqrt(2 * np.pi))


class Terms(NamedTuple):
    """Terms that no step changes. Of nodes: (NODES, n_puts). Of points: (NODES, n_points, n_puts)."""

    node_deviation: FloatArray
    node_drift: FloatArray
    discount: FloatArray
    point_deviation: FloatArray
    point_drift: FloatArray
    interest: FloatArray
    dividends: FloatArray


class Scores(NamedTuple):
    """Deviations between the boundary and its later levels (points), and the strike (node)."""

    node: FloatArray
    points: FloatArray


class Sides(NamedTuple):
    """Numerator and denominator of the ratio, and their slopes in the log boundary."""

    cash: FloatArray
    asset: FloatArray
    cash_slope: FloatArray
    asset_slope: FloatArray


class Equation(NamedTuple):
    """An equation with its quadrature, and how often which step is taken."""

    points: Points
    sides: Callable[[Terms, Scores], Sides]
    newton_steps: int
    plain_steps: int


def terms_of(puts: Puts, at: Points) -> Terms:
    """The terms of the puts."""
    node, rate, dividend_yield = np.sqrt(TIME), puts.rate, puts.dividend_yield
    return Terms(
        node_deviation=puts.deviation * node,
        node_drift=puts.drift * node,
        discount=np.exp((dividend_yield - rate) * TIME),
        point_deviation=puts.deviation * at.root,
        point_drift=puts.drift * at.root,
        interest=rate * np.exp(rate * at.rest) * at.weight,
        dividends=dividend_yield * np.exp(dividend_yield * at.rest) * at.weight,
    )


def scores_of(terms: Terms, depth: FloatArray, start: FloatArray, later: FloatArray) -> Scores:
    """Scores at ln(boundary / start) = depth; later: -ln(boundary / start) at the points."""
    fall = depth[:, None] + later.reshape(NODES, -1, later.shape[-1])
    return Scores(
        node=(depth + start) / terms.node_deviation + terms.node_drift,
        points=fall / terms.point_deviation + terms.point_drift,
    )


def _smooth_sides(terms: Terms, scores: Scores) -> Sides:
    """FP-A. The slopes are without those of the integrals, as in the paper."""
    asset_node, asset_points = scores.node + terms.node_deviation, scores.points + terms.point_deviation
    cash_density = _density(scores.node) / terms.node_deviation
    asset_density = _density(asset_node) / terms.node_deviation
    interest = terms.interest * _density(scores.points) / terms.point_deviation
    dividends = _paid(terms, lambda: _density(asset_points) / terms.point_deviation + ndtr(asset_points))
    steepness = -scores.node / terms.node_deviation
    return Sides(
        cash=cash_density + added(interest, 1),
        asset=asset_density + ndtr(asset_node) + dividends,
        cash_slope=steepness * cash_density,
        asset_slope=steepness * asset_density,
    )


def _equal_sides(terms: Terms, scores: Scores) -> Sides:
    """FP-B, with slopes as for FP-A."""
    asset_node, asset_points = scores.node + terms.node_deviation, scores.points + terms.point_deviation
    return Sides(
        cash=ndtr(scores.node) + added(terms.interest * ndtr(scores.points), 1),
        asset=ndtr(asset_node) + _paid(terms, lambda: ndtr(asset_points)),
        cash_slope=_density(scores.node) / terms.node_deviation,
        asset_slope=_density(asset_node) / terms.node_deviation,
    )


def _paid(terms: Terms, share: Callable[[], FloatArray]) -> FloatArray | float:
    """The dividends until expiration, times the share at each point; not computed where nobody pays any."""
    return added(terms.dividends * share(), 1) if terms.dividends.any() else 0.0


def _density(score: FloatArray) -> FloatArray:
    density: FloatArray = np.exp(-0.5 * score * score) / _SQRT_TWO_PI
    return density


SMOOTH = Equation(points(6), _smooth_sides, newton_steps=1, plain_steps=1)
EQUAL = Equation(points(16), _equal_sides, newton_steps=0, plain_steps=3)
