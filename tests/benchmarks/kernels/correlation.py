"""Effective bets of portfolios of 50 symbols, compared with the steps of the paper."""

import numpy as np

from python_models.correlation.torsion import SMALLEST_EIGENVALUE, TOLERANCE, effective_bets
from python_models.panel import FloatArray
from tests.benchmarks.comparison import Comparison, best_of

PORTFOLIOS, SYMBOLS, SESSIONS, FACTORS = 100, 50, 90, 3


def measure() -> list[Comparison]:
    """Effective bets of 100 portfolios, from correlations over 90 sessions with three common factors."""
    rng = np.random.default_rng(3)
    matrices = [_correlations(rng) for _ in range(PORTFOLIOS)]
    exposures = rng.normal(0, 1, (PORTFOLIOS, SYMBOLS))
    seconds = best_of(lambda: [effective_bets(*each) for each in zip(exposures, matrices, strict=True)])
    peer_seconds = best_of(lambda: [_bets_of_paper(rho) for rho in matrices])
    return [
        Comparison(
            what=f"effective bets of {PORTFOLIOS} portfolios of {SYMBOLS} symbols",
            seconds=seconds,
            peer="the paper's steps, each a singular value decomposition",
            peer_seconds=peer_seconds,
            peer_share=1,
            target="at least twice as fast",
            is_met=seconds * 2 <= peer_seconds,
        )
    ]


def _correlations(rng: np.random.Generator) -> FloatArray:
    loadings = rng.normal(0.6, 0.4, (SYMBOLS, FACTORS))
    returns = rng.normal(0, 1, (SESSIONS, FACTORS)) @ loadings.T + rng.normal(0, 1, (SESSIONS, SYMBOLS))
    return np.corrcoef(returns.T)


def _bets_of_paper(rho: FloatArray) -> FloatArray:
    """Standardized exposures to bets, by the recursion of the paper's appendix."""
    values, vectors = np.linalg.eigh(rho)
    root = (vectors * np.sqrt(np.maximum(values, SMALLEST_EIGENVALUE))) @ vectors.T
    deviations, moved = np.ones(len(rho)), np.inf
    bets: FloatArray = root
    while moved >= TOLERANCE:
        left, _scale, right = np.linalg.svd(deviations[:, None] * root)
        bets = left @ right @ root
        moved = float(np.abs(np.diagonal(bets) - deviations).max())
        deviations = np.diagonal(bets).copy()
    return bets
