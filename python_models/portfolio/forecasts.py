"""Forecasts of variance from daily returns: GARCH(1,1) with variance targeting, and the EWMA of RiskMetrics.

Both are of squared returns around zero, as is the outcome with which they are compared. Unknown returns are
left out: the known ones follow one another. A row per series, so that a series does not depend on others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from python_models.panel import FloatArray

BoolArray = npt.NDArray[np.bool_]

MAXIMUM_PERSISTENCE = 0.999  # alpha + beta: below one, so that the variance has a mean
GRID_ALPHA = (0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.7)
# the likelihood may have a maximum in each part
GRID_BETA = ((0.0, 0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8), (0.85, 0.9, 0.94, 0.98))
ITERATIONS = 40
HALVINGS = 12
TOLERANCE = 1e-10  # decrease of twice the negative log-likelihood that a step still has to promise
BLOCK = 256  # series at a time, whose arrays fit into the cache


class KnownReturns(NamedTuple):
    """squares: shape (n_series, n_sessions), the known squared returns at the end, zeros before them.

    observations: how many are known, shape (n_series,).
    """

    squares: FloatArray
    observations: npt.NDArray[np.int64]


class Garch(NamedTuple):
    """Arrays of shape (n_series,): coefficients, long-run variance and variance of the next session."""

    alpha: FloatArray
    beta: FloatArray
    long_run: FloatArray
    next_variance: FloatArray

    def mean_variance(self, horizon: int) -> FloatArray:
        """Expected mean variance of the next `horizon` sessions.

        The expected variance k sessions ahead is V + (h - V)(alpha + beta)^(k - 1).
        """
        persistence = (self.alpha + self.beta)[:, None]
        weight: FloatArray = (persistence ** np.arange(horizon)).sum(axis=1) / horizon
        return self.long_run + (self.next_variance - self.long_run) * weight


def known_returns(returns: FloatArray) -> KnownReturns:
    """The known squared returns of each series; returns: shape (n_sessions, n_series), NaN where unknown."""
    rows = np.ascontiguousarray(returns.T)
    known = np.isfinite(rows)
    order = np.argsort(known, axis=1, kind="stable")
    squares = np.take_along_axis(np.where(known, rows, 0.0) ** 2, order, axis=1)
    return KnownReturns(squares, known.sum(axis=1))


def ewma_variance(known: KnownReturns, decay: float) -> FloatArray:
    """Mean of squared returns with weights decay^age, normalized over the known ones; NaN without any.

    It is the forecast for every later session. Source: RiskMetrics Technical Document, 4th edition (1996),
    section 5.2.
    """
    sessions = known.squares.shape[1]
    weights = decay ** np.arange(sessions - 1.0, -1.0, -1.0)
    is_known = np.arange(sessions) >= sessions - known.observations[:, None]
    total = np.where(is_known, weights, 0.0).sum(axis=1)
    squares = (known.squares * weights).sum(axis=1)
    variance: FloatArray = np.divide(squares, total, out=np.full(len(total), np.nan), where=total > 0)
    return variance


def garch(known: KnownReturns) -> Garch:
    """The model h' = (1 - alpha - beta) V + alpha r^2 + beta h of each series, V the mean squared return.

    alpha and beta maximize the normal likelihood with h = V at the start, alpha and beta at least 0 and their
    sum at most MAXIMUM_PERSISTENCE: from the best points of a grid, Newton's method with exact derivatives
    inside these limits. A series whose variance does not vary has alpha 0 and is forecast at V. NaN without
    returns. Source: Bollerslev (1986), Generalized Autoregressive Conditional Heteroskedasticity, Journal of
    Econometrics 31; variance targeting: Francq, Horvath and Zakoian (2011), Journal of Financial Econometrics
    9.
    """
    count = np.maximum(known.observations, 1)
    long_run = np.where(known.observations > 0, known.squares.sum(axis=1) / count, np.nan)
    parts = [
        _fit(known.squares[at : at + BLOCK], known.observations[at : at + BLOCK], long_run[at : at + BLOCK])
        for at in range(0, len(long_run), BLOCK)
    ]
    if not parts:
        return Garch(long_run, long_run, long_run, long_run)
    alpha, beta, latest = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Garch(alpha, beta, long_run, long_run * (1 + alpha * latest))


def _fit(
    squares: FloatArray, count: npt.NDArray[np.int64], long_run: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """alpha, beta, and the filter after the last session: the next variance is V (1 + alpha filter).

    With squares z in units of V, h = 1 + alpha x(beta) and x' = z - 1 + beta x: the filter x does not depend
    on alpha.
    """
    is_moving = long_run > 0
    is_known = np.arange(squares.shape[1]) >= squares.shape[1] - count[:, None]
    z = np.where(is_known, squares / np.where(is_moving, long_run, 1.0)[:, None], 0.0)
    surprise = np.where(is_known & is_moving[:, None], z - 1, 0.0)
    best = z.sum(axis=1)  # of a constant variance
    alpha, beta = np.zeros(len(z)), np.zeros(len(z))
    for grid in GRID_BETA:
        a, b = _climb(z, surprise, *_start(z, surprise, grid))
        value = _likelihood(z, _filter(surprise, b), a)
        is_better = value < best
        best, alpha, beta = (
            np.where(is_better, new, old) for new, old in ((value, best), (a, alpha), (b, beta))
        )
    return alpha, beta, surprise[:, -1] + beta * _filter(surprise, beta)[:, -1]


def _start(z: FloatArray, surprise: FloatArray, grid: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """The best point of the grid for each series."""
    best = np.full(len(z), np.inf)
    alpha, beta = np.zeros(len(z)), np.zeros(len(z))
    for b in grid:
        x = _filter(surprise, np.full(len(z), b))
        for a in GRID_ALPHA:
            if a + b <= MAXIMUM_PERSISTENCE:
                value = _likelihood(z, x, np.full(len(z), a))
                is_better = value < best
                best[is_better], alpha[is_better], beta[is_better] = value[is_better], a, b
    return alpha, beta


def _climb(
    z: FloatArray, surprise: FloatArray, alpha: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton steps until none promises an improvement."""
    active = np.arange(len(z))
    for _ in range(ITERATIONS):
        alpha[active], beta[active], goes_on = _newton(
            z[active], surprise[active], alpha[active], beta[active]
        )
        active = active[goes_on]
        if not len(active):
            break
    return alpha, beta


def _filter(surprise: FloatArray, beta: FloatArray) -> FloatArray:
    """x_t = surprise_{t-1} + beta x_{t-1} from x = 0, in log2(n) passes over all sessions at once."""
    x = np.zeros_like(surprise)
    x[:, 1:] = surprise[:, :-1]
    power, lag = beta[:, None], 1
    while lag < x.shape[1]:
        x[:, lag:] += power * x[:, :-lag]
        power, lag = power * power, 2 * lag
    return x


def _likelihood(z: FloatArray, x: FloatArray, alpha: FloatArray) -> FloatArray:
    """Twice the negative log-likelihood, without constants; sessions without a return add nothing."""
    h = 1 + alpha[:, None] * x
    total: FloatArray = (np.log(h) + z / h).sum(axis=1)
    return total


def _newton(
    z: FloatArray, surprise: FloatArray, alpha: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """One step inside the limits, halved until the likelihood rises, and whether another one is due."""
    x = _filter(surprise, beta)
    slope, curvature = _derivatives(z, x, alpha, beta)
    step = _within(alpha, beta, *_direction(slope, curvature, alpha, beta))
    before = _likelihood(z, x, alpha)
    promised = -(slope * step).sum(axis=0)
    length = np.where(promised > TOLERANCE, 1.0, 0.0)
    waiting = np.flatnonzero(length)
    for _ in range(HALVINGS):
        if not len(waiting):
            break
        a, b = (
            value[waiting] + length[waiting] * move[waiting]
            for value, move in zip((alpha, beta), step, strict=True)
        )
        a, b = np.maximum(a, 0.0), np.maximum(b, 0.0)
        is_worse = ~(_likelihood(z[waiting], _filter(surprise[waiting], b), a) < before[waiting])
        length[waiting[is_worse]] /= 2
        waiting = waiting[is_worse]
    length[waiting] = 0.0
    moved = (np.maximum(value + length * move, 0.0) for value, move in zip((alpha, beta), step, strict=True))
    return *moved, length > 0


def _derivatives(
    z: FloatArray, x: FloatArray, alpha: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient, shape (2, n_series), and Hessian aa, ab, bb, shape (3, n_series), of _likelihood.

    Where the Hessian is not positive definite, the information matrix replaces it.
    """
    a = alpha[:, None]
    h = 1 + a * x
    first = _filter(x, beta)  # dx / dbeta
    second = 2 * _filter(first, beta)
    by_h = (1 - z / h) / h
    by_hh = (2 * z / h - 1) / h**2
    slope = np.stack([(by_h * x).sum(axis=1), (by_h * a * first).sum(axis=1)])
    products = (x * x, a * x * first, (a * first) ** 2)
    hessian = np.stack([(by_hh * product).sum(axis=1) for product in products])
    hessian[1] += (by_h * first).sum(axis=1)
    hessian[2] += (by_h * a * second).sum(axis=1)
    information = np.stack([(product / h**2).sum(axis=1) for product in products])
    return slope, np.where(_is_positive(hessian), hessian, information)


def _is_positive(matrix: FloatArray) -> BoolArray:
    """Whether each symmetric matrix aa, ab, bb is positive definite."""
    aa, ab, bb = matrix
    is_positive: BoolArray = (aa > 0) & (aa * bb - ab**2 > 1e-10 * aa * np.abs(bb))
    return is_positive


def _direction(
    slope: FloatArray, curvature: FloatArray, alpha: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton's direction; along the limit where a series is at one and the direction leaves it."""
    (sa, sb), (aa, ab, bb) = slope, curvature
    determinant = aa * bb - ab**2
    is_regular = _is_positive(curvature)
    safe = np.where(is_regular, determinant, 1.0)
    largest = np.maximum(np.maximum(aa, bb), 1e-300)
    da = np.where(is_regular, (ab * sb - bb * sa) / safe, -sa / largest)
    db = np.where(is_regular, (ab * sa - aa * sb) / safe, -sb / largest)
    # tangents of alpha = 0, beta = 0 and alpha + beta = maximum, and whether the direction crosses them
    limits = (
        ((0.0, 1.0), (alpha <= 0) & (da < 0)),
        ((1.0, 0.0), (beta <= 0) & (db < 0)),
        ((1.0, -1.0), (alpha + beta >= MAXIMUM_PERSISTENCE - 1e-12) & (da + db > 0)),
    )
    for (ta, tb), leaves in limits:
        bend = np.maximum(np.abs(ta * ta * aa + 2 * ta * tb * ab + tb * tb * bb), 1e-300)
        along = -(ta * sa + tb * sb) / bend
        da, db = np.where(leaves, along * ta, da), np.where(leaves, along * tb, db)
    return da, db


def _within(alpha: FloatArray, beta: FloatArray, da: FloatArray, db: FloatArray) -> FloatArray:
    """The step, shortened so that it ends at a limit instead of beyond it; shape (2, n_series)."""
    share = np.ones(len(alpha))
    for room, speed in ((alpha, -da), (beta, -db), (MAXIMUM_PERSISTENCE - alpha - beta, da + db)):
        is_near = (speed > 0) & (speed * share > np.maximum(room, 0.0))
        share = np.where(is_near, np.maximum(room, 0.0) / np.where(is_near, speed, 1.0), share)
    return np.stack([share * da, share * db])
