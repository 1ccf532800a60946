"""The fixed numbers of the method: collocation times, quadrature points, and interpolation between them.

All times are shares of the term, so they are the same for every option and computed once. Andersen, Lake and
Offengenden, High-Performance American Option Pricing, Journal of Computational Finance 20 (2016), section 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from python_models.options.greeks import FloatArray

NODES = 6  # times at which the boundary is solved
PREMIUM_POINTS = 12  # of the integral in the price


class Quadrature(NamedTuple):
    """Points in a term of 1. root: of the time since now. weight: of the integral over time."""

    root: FloatArray
    weight: FloatArray


class Points(NamedTuple):
    """Points of each node's integral, shape (NODES, n_points, 1).

    root: of the time from the node. rest: time left from the point. weight: of the integral over time.
    interpolation: from the nodes to rest, shape (NODES x n_points, NODES).
    """

    root: FloatArray
    rest: FloatArray
    weight: FloatArray
    interpolation: FloatArray


def added(values: FloatArray, axis: int) -> FloatArray:
    """The sum over an axis before that of the options, in its order.

    NumPy adds up a single option's terms in another order than those of many: its price would depend, in the
    last bit, on the options that are computed with it.
    """
    first, *others = np.moveaxis(values, axis, 0)
    total: FloatArray = first.copy()
    for term in others:
        total += term
    return total


def quadrature(points: int) -> Quadrature:
    """Gauss and Legendre's rule in the angle whose squared sine is the time since now.

    It removes both roots of the integrands: of the time since now, and of the time left in the boundary.
    """
    place, weight = np.polynomial.legendre.leggauss(points)
    angle = np.pi / 4 * (1 + place)
    return Quadrature(np.sin(angle), np.pi / 4 * weight * np.sin(2 * angle))


def interpolation(root: FloatArray) -> FloatArray:
    """Weights of the nodes at these roots of times before expiration; shape (n_roots, NODES).

    Chebyshev's points of the second kind in the root, by the barycentric formula (Berrut and Trefethen,
    SIAM Review 46 (2004), equation 5.4). The last point, expiration, is left out: what is interpolated is 0
    there.
    """
    order = np.arange(NODES + 1)
    sign = np.where(order % 2, -1.0, 1.0)
    sign[[0, -1]] *= 0.5
    share = sign / (2 * root[:, None] - 1 - np.cos(np.pi * order / NODES))
    weights: FloatArray = (share / share.sum(axis=1, keepdims=True))[:, :-1]
    return weights


TIME = (0.5 * (1 + np.cos(np.pi * np.arange(NODES) / NODES)))[:, None] ** 2  # before expiration, of the nodes


def points(size: int) -> Points:
    """The rule of this size between each node and expiration."""
    root, weight = quadrature(size)
    rest = TIME * (1 - root**2)
    return Points(
        root=(np.sqrt(TIME) * root)[..., None],
        rest=rest[..., None],
        weight=(TIME * weight)[..., None],
        interpolation=interpolation(np.sqrt(rest).ravel()),
    )


PREMIUM = Quadrature(*(column[:, None] for column in quadrature(PREMIUM_POINTS)))
TO_PREMIUM = interpolation(np.sqrt(1 - PREMIUM.root[:, 0] ** 2))
