"""Residuals for returns that are not known: drawn from known ones, the same each time."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from python_models.panel import FloatArray

BoolArray = npt.NDArray[np.bool_]
SeedArray = npt.NDArray[np.uint64]


class Draws(NamedTuple):
    """What residuals are drawn by.

    uniform: shape (n_sessions, n_symbols), from `uniform_draws`. sectors: shape (n_symbols,), None where
    unknown. minimum: fewest residuals of a symbol, or of its sector, from which is drawn. is_peer: shape
    (n_symbols,), the symbols whose residuals are drawn for others of their sector; None: all.
    """

    uniform: FloatArray
    sectors: npt.NDArray[np.object_]
    minimum: int
    is_peer: BoolArray | None = None


def uniform_draws(symbols: pd.Index[str], dates: pd.DatetimeIndex) -> FloatArray:
    """A number from 0 to below 1 for each date and symbol, which depends on nothing else.

    The generator is SplitMix64, seeded with a hash of the symbol and started at the date's day. Shape
    (n_dates, n_symbols). Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators,
    OOPSLA 2014.
    """
    hashes = [hashlib.blake2b(symbol.encode(), digest_size=8).digest() for symbol in symbols]
    seeds = np.array([int.from_bytes(digest, "little") for digest in hashes], dtype=np.uint64)
    days = dates.to_numpy(dtype="datetime64[D]").astype(np.int64).astype(np.uint64)
    numbers = split_mix(seeds, days[:, None])
    uniform: FloatArray = (numbers >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return uniform


def split_mix(seeds: SeedArray, steps: SeedArray) -> SeedArray:
    """The output of SplitMix64 after `steps` + 1 steps from each seed; they broadcast."""
    with np.errstate(over="ignore"):
        z = seeds + np.uint64(0x9E3779B97F4A7C15) * (steps + np.uint64(1))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: SeedArray = z ^ (z >> np.uint64(31))
    return mixed


def drawn_residuals(residuals: FloatArray, wanted: BoolArray, draws: Draws) -> FloatArray:
    """A residual for each wanted cell, 0 elsewhere; shape (n_sessions, n_symbols).

    residuals: the known ones, NaN elsewhere. Each symbol's are taken around their mean, so that past luck is
    not repeated. A draw is the residual at the quantile `uniform` of the symbol's own, or with fewer than
    `minimum` of its sector's, so that it hardly moves when the sample does; 0 with fewer of both.
    """
    drawn = np.zeros(residuals.shape)
    known = np.isfinite(residuals)
    for column in np.flatnonzero(wanted.any(axis=0)):
        pool = _around_mean(residuals[known[:, column], column])
        sector = draws.sectors[column]
        if len(pool) < draws.minimum and sector is not None:
            is_peer = True if draws.is_peer is None else draws.is_peer
            peers = np.flatnonzero((draws.sectors == sector) & is_peer)
            pools = [_around_mean(residuals[known[:, peer], peer]) for peer in peers]
            pool = np.concatenate(pools) if pools else pool
        if len(pool) >= max(draws.minimum, 1):
            rows = wanted[:, column]
            places = (draws.uniform[rows, column] * len(pool)).astype(np.int64)
            drawn[rows, column] = np.sort(pool)[places]
    return drawn


def _around_mean(values: FloatArray) -> FloatArray:
    return values - values.mean() if len(values) else values
