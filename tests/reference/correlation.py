"""Correlations, clusters, diversification and effective bets of a portfolio's symbols (method 9)."""

import math
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
from scipy.linalg import sqrtm

from tests.reference.factors import returns_in
from tests.reference.facts import Facts

WINDOW, MINIMUM, THRESHOLD = 90, 20, 0.7
Pair = tuple[str, str]


@dataclass(frozen=True)
class Matrix:
    """Correlations of the included symbols, repaired if missing data made them impossible."""

    symbols: list[str]
    correlations: np.ndarray
    observations: dict[Pair, int]
    excluded: list[str]
    is_repaired: bool


def pair(facts: Facts, day: date, first: str, second: str) -> tuple[float, int] | None:
    """Pearson correlation on the sessions that both have."""
    window = facts.window(day, WINDOW)
    own, other = (returns_in(facts, name, window) for name in (first, second))
    days = [when for when in window if when in own and when in other]
    if len(days) < MINIMUM:
        return None
    xs, ys = ([series[when] for when in days] for series in (own, other))
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        return None
    return float(np.corrcoef(xs, ys)[0, 1]), len(days)


def matrix(facts: Facts, day: date, symbols: list[str]) -> Matrix:
    """Without the symbols whose pairs are missing, starting with the one that misses most."""
    names = sorted(symbols)
    found = {(a, b): pair(facts, day, a, b) for a, b in combinations(names, 2)}
    excluded = []
    while missing := [key for key in found if found[key] is None and not {*key} & {*excluded}]:
        counts = {name: sum(name in key for key in missing) for key in missing for name in key}
        excluded.append(max(sorted(counts), key=lambda name: counts[name]))
    kept = [name for name in names if name not in excluded]
    size = len(kept)
    correlations = np.eye(size)
    for i, j in combinations(range(size), 2):
        correlations[i, j] = correlations[j, i] = found[kept[i], kept[j]][0]
    values, vectors = np.linalg.eigh(correlations)
    is_repaired = bool(values.min() < -1e-10) if size else False
    if is_repaired:
        clipped = vectors @ np.diag(values.clip(0)) @ vectors.T
        scale = np.sqrt(np.diag(clipped))
        correlations = clipped / np.outer(scale, scale)
    observations = {(a, b): found[a, b][1] for a, b in combinations(kept, 2)}
    return Matrix(kept, correlations, observations, excluded, is_repaired)


def mean_correlation(found: Matrix) -> float | None:
    pairs = list(combinations(range(len(found.symbols)), 2))
    return sum(found.correlations[i, j] for i, j in pairs) / len(pairs) if pairs else None


def diversification_score(found: Matrix, exposures: dict[str, float]) -> float | None:
    """Mean absolute correlation of pairs weighted by |g_i| |g_j|."""
    pairs = list(combinations(range(len(found.symbols)), 2))
    g = [abs(exposures[name]) for name in found.symbols]
    weight = sum(g[i] * g[j] for i, j in pairs)
    if not weight:
        return None
    return float(sum(g[i] * g[j] * abs(found.correlations[i, j]) for i, j in pairs) / weight)


def clusters(found: Matrix) -> list[set[str]]:
    """Connected components of |rho| >= 0.7 with at least two symbols."""
    groups = [{name} for name in found.symbols]
    for i, j in combinations(range(len(found.symbols)), 2):
        if abs(found.correlations[i, j]) >= THRESHOLD:
            joined = [group for group in groups if {found.symbols[i], found.symbols[j]} & group]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    return [group for group in groups if len(group) > 1]


def average_correlation(found: Matrix, cluster: set[str]) -> float:
    places = [place for place, name in enumerate(found.symbols) if name in cluster]
    values = [found.correlations[i, j] for i, j in combinations(places, 2)]
    return sum(values) / len(values)


def minimum_torsion(correlations: np.ndarray) -> np.ndarray:
    """Uncorrelated bets that stay closest to the original standardized ones (Meucci et al. 2015)."""
    root = np.real(sqrtm(correlations))
    size = len(correlations)
    scale = np.eye(size)
    before = np.full((size, size), np.inf)
    for _ in range(100_000):
        inner = np.real(sqrtm(scale @ root @ root @ scale))
        rotation = np.linalg.solve(inner, scale @ root)
        scale = np.diag(np.diag(rotation @ root))
        now = scale @ rotation
        if np.abs(now - before).max() < 1e-13:
            break
        before = now
    return now @ np.linalg.inv(root)


def effective_bets(facts: Facts, day: date, found: Matrix, exposures: dict[str, float]) -> float | None:
    """Exp of the entropy of the variance shares of minimum-torsion bets; None for a perfect hedge."""
    window = facts.window(day, WINDOW)
    gross = sum(abs(exposures[name]) for name in found.symbols)
    x = np.array(
        [
            exposures[name] / gross * np.std(list(returns_in(facts, name, window).values()), ddof=1)
            for name in found.symbols
        ]
    )
    variance = float(x @ found.correlations @ x)
    if variance <= 1e-15:
        return None
    torsion = minimum_torsion(found.correlations)
    shares = np.linalg.solve(torsion.T, x) * (torsion @ found.correlations @ x) / variance
    return math.exp(-sum(share * math.log(share) for share in shares if share > 0))
