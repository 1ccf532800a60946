"""Forecasts of variance from daily returns: GARCH(1,1) with variance targeting, and the EWMA of RiskMetrics.

Both are of squared returns around zero, as is the outcome with which they are compared. Unknown returns are
left out: the known ones follow one another. A column per series, so that a series does not depend on others.
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
GRID_BETA = ((0.0, 0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8), (0.85, 0.9), (0.94, 0.98))
ITERATIONS = 40
HALVINGS = 12
TOLERANCE = 1e-10  # decrease of twice the negative log-likelihood that a step still has to promise
BLOCK = 256  # series at a time, whose arrays fit into the cache
CHUNK = 16  # sessions of the filter's inner recursion: about the square root of their number


class KnownReturns(NamedTuple):
    """squares: shape (n_sessions, n_series), the known squared returns at the end, zeros before them.

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
    rows = np.ascontiguousarray(returns)
    known = np.isfinite(rows)
    squares = np.where(known, rows, 0.0) ** 2
    if not known.all():
        order = np.argsort(known, axis=0, kind="stable")
        squares = np.take_along_axis(squares, order, axis=0)
    return KnownReturns(squares, known.sum(axis=0))


def ewma_variance(known: KnownReturns, decay: float) -> FloatArray:
    """Mean of squared returns with weights decay^age, normalized over the known ones; NaN without any.

    It is the forecast for every later session. Source: RiskMetrics Technical Document, 4th edition (1996),
    section 5.2.
    """
    sessions = len(known.squares)
    weights = decay ** np.arange(sessions - 1.0, -1.0, -1.0)[:, None]
    is_known = np.arange(sessions)[:, None] >= sessions - known.observations
    total = _total(np.where(is_known, weights, 0.0))
    squares = _total(known.squares * weights)
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
    long_run = np.where(known.observations > 0, _total(known.squares) / count, np.nan)
    blocks = [slice(at, at + BLOCK) for at in range(0, len(long_run), BLOCK)]
    parts = [_fit(known.squares[:, block], known.observations[block], long_run[block]) for block in blocks]
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
    is_known = np.arange(len(squares))[:, None] >= len(squares) - count
    z = np.where(is_known, squares / np.where(is_moving, long_run, 1.0), 0.0)
    surprise = np.where(is_known & is_moving, z - 1, 0.0)
    best = _total(z)  # of a constant variance
    alpha, beta = np.zeros(len(best)), np.zeros(len(best))
    for grid in GRID_BETA:
        a, b = _climb(z, surprise, *_start(z, surprise, grid))
        value = _likelihood(z, _filter(surprise, b), a)
        is_better = value < best
        best, alpha, beta = (
            np.where(is_better, new, old) for new, old in ((value, best), (a, alpha), (b, beta))
        )
    return alpha, beta, surprise[-1] + beta * _filter(surprise, beta)[-1]


def _start(z: FloatArray, surprise: FloatArray, grid: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """The best point of the grid for each series."""
    series = z.shape[1]
    best = np.full(series, np.inf)
    alpha, beta = np.zeros(series), np.zeros(series)
    for b in grid:
        x = _filter(surprise, np.full(series, b))
        for a in GRID_ALPHA:
            if a + b <= MAXIMUM_PERSISTENCE:
                value = _likelihood(z, x, np.full(series, a))
                is_better = value < best
                best[is_better], alpha[is_better], beta[is_better] = value[is_better], a, b
    return alpha, beta


def _climb(
    z: FloatArray, surprise: FloatArray, alpha: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton steps until none promises an improvement."""
    active = np.arange(len(alpha))
    for _ in range(ITERATIONS):
        alpha[active], beta[active], goes_on = _newton(z, surprise, alpha[active], beta[active])
        if not goes_on.any():
            break
        if not goes_on.all():
            active, z, surprise = (
                active[goes_on],
                z.compress(goes_on, axis=1),
                surprise.compress(goes_on, axis=1),
            )
    return alpha, beta


def _filter(surprise: FloatArray, beta: FloatArray) -> FloatArray:
    """x_t = surprise_{t-1} + beta x_{t-1} from x = 0.

    In chunks: each first from zero, all at once, then plus beta^k times the end of the chunk before it.
    """
    sessions, series = surprise.shape
    missing = -sessions % CHUNK
    padded = np.zeros((sessions + missing, series))
    padded[missing + 1 :] = surprise[:-1]
    x = padded.reshape(-1, CHUNK, series)
    for k in range(1, CHUNK):
        x[:, k] += beta * x[:, k - 1]
    powers = np.multiply.accumulate(np.tile(beta, (CHUNK, 1)))
    ends = x[:, -1].copy()
    for chunk in range(1, len(ends)):
        ends[chunk] += powers[-1] * ends[chunk - 1]
    x[1:] += powers * ends[:-1, None]
    return padded[missing:]


def _likelihood(z: FloatArray, x: FloatArray, alpha: FloatArray) -> FloatArray:
    """Twice the negative log-likelihood, without constants; sessions without a return add nothing."""
    h = 1 + alpha * x
    return _total(np.log(h) + z / h)


def _total(values: FloatArray) -> FloatArray:
    """The sum over sessions in their order, in which numpy does not sum a column that is alone."""
    total: FloatArray = values.sum(axis=0) if values.shape[1] > 1 else np.add.accumulate(values)[-1]
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
        is_worse = ~(
            _likelihood(z.take(waiting, axis=1), _filter(surprise.take(waiting, axis=1), b), a)
            < before[waiting]
        )
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
    h = 1 + alpha * x
    first = _filter(x, beta)  # dx / dbeta
    second = 2 * _filter(first, beta)
    by_h = (1 - z / h) / h
    by_hh = (2 * z / h - 1) / h**2
    slope = np.stack([_total(by_h * x), _total(by_h * alpha * first)])
    products = (x * x, alpha * x * first, (alpha * first) ** 2)
    hessian = np.stack([_total(by_hh * product) for product in products])
    hessian[1] += _total(by_h * first)
    hessian[2] += _total(by_h * alpha * second)
    information = np.stack([_total(product / h**2) for product in products])
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
