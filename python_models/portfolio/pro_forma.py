"""Pro-forma returns: today's positions with the returns of past sessions.

A symbol's missing past return is replaced by its betas times that session's factor returns and a drawn
residual, so that a recent listing has a history with its specific risk; the proxied share of a portfolio is
reported with the result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from python_models.panel import FloatArray
from python_models.portfolio.draws import Draws, drawn_residuals

BoolArray = npt.NDArray[np.bool_]


class ProxiedReturns(NamedTuple):
    """filled: returns with proxies, NaN where neither is known. is_proxied: where a proxy is used.

    Both of shape (n_sessions, n_symbols).
    """

    filled: FloatArray
    is_proxied: BoolArray


def proxied_returns(
    returns: FloatArray, betas: FloatArray, factor_returns: FloatArray, draws: Draws
) -> ProxiedReturns:
    """Returns with missing values replaced by sum_k beta_k x factor_k of the session and a residual.

    returns: shape (n_sessions, n_symbols), simple daily returns, NaN where missing. betas: shape (n_symbols,
    n_factors), the market first; a symbol with a missing beta (NaN) is left out: its whole column is NaN.
    factor_returns: shape (n_sessions, n_factors), NaN where unknown: without the market's return the session
    has no proxies; another unknown factor (the yield on a bond holiday) counts as zero. draws: the residual
    is drawn from those of the known returns, see drawn_residuals.
    Source: method, section 8; the factor model's fitted return, e.g. Grinold & Kahn, Active Portfolio
    Management, 2nd ed., chapter 3.
    """
    proxies = np.zeros(returns.shape)
    for factor, beta in zip(
        factor_returns.T, betas.T, strict=True
    ):  # no BLAS, so that cells do not depend on each other
        proxies += np.where(np.isfinite(factor), factor, 0.0)[:, None] * beta
    is_possible = np.isfinite(factor_returns[:, :1]) & np.isfinite(betas).all(axis=1)
    is_proxied = ~np.isfinite(returns) & is_possible
    residuals = np.where(is_possible, returns - proxies, np.nan)
    proxies += drawn_residuals(residuals, is_proxied, draws)
    filled = np.where(is_proxied, proxies, returns)
    filled[:, ~np.isfinite(betas).all(axis=1)] = np.nan
    return ProxiedReturns(filled, is_proxied)


def pro_forma_returns(
    weights: FloatArray, filled: FloatArray, is_held: BoolArray | None = None
) -> FloatArray:
    """Each portfolio's return on each past session at today's weights, shape (n_sessions, n_portfolios).

    weights: shape (n_portfolios, n_symbols), delta-adjusted exposure / equity, 0 where not held. filled: from
    proxied_returns. is_held: where a portfolio holds a symbol, even with offsetting longs and shorts; by
    default where it has a weight. A symbol without any return is left out. A session on which another held
    symbol is NaN is NaN for that portfolio only. All sessions are NaN for a portfolio that holds no symbol
    with returns.
    """
    held = _held(weights, filled)
    # sparse: a symbol that is not held is never read, even if NaN, and does not change the order of the sum
    returns = np.asarray(held @ filled.T).T
    has_returns = np.isfinite(filled).any(axis=0)
    is_measured = ((weights != 0 if is_held is None else is_held) & has_returns).any(axis=1)
    return np.where(is_measured, returns, np.nan)


def proxied_share(weights: FloatArray, filled: FloatArray, is_proxied: BoolArray) -> FloatArray:
    """The proxied share of each portfolio's history, shape (n_portfolios,), 0 to 1.

    sum |w_i| x share of symbol i's known sessions that are proxied / sum |w_i|, over the symbols that have
    returns; NaN for a portfolio that holds none. Arguments as in pro_forma_returns and proxied_returns.
    """
    known = np.maximum(np.isfinite(filled).sum(axis=0), 1)
    held = abs(_held(weights, filled))
    gross = np.asarray(held.sum(axis=1)).ravel()
    proxied = np.asarray(held @ (is_proxied.sum(axis=0) / known))
    share: FloatArray = np.divide(proxied, gross, out=np.full(len(weights), np.nan), where=gross > 0)
    return share


def _held(weights: FloatArray, filled: FloatArray) -> sparse.csr_array:
    """The weights of symbols that have returns, sparse."""
    return sparse.csr_array(np.where(np.isfinite(filled).any(axis=0), weights, 0.0))
