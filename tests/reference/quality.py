"""What part of a portfolio an analytic measures, and its flag (method 12)."""

from collections.abc import Callable

from tests.reference.exposures import is_cash
from tests.reference.valuation import ZERO, PortfolioDay, PositionDay

LEAST_COVERED = 0.95


def quality(
    day: PortfolioDay, is_measured: Callable[[PositionDay], bool], *, is_short_history: bool
) -> dict[str, float | str | None]:
    """Coverage of equity and quality flag; cash counts as measured."""
    positions = day.open_positions
    measured = [row for row in positions if not is_cash(row) and is_measured(row)]
    missing = [row for row in positions if not is_cash(row) and not is_measured(row)]
    unmeasured = sum((abs(row.market_value) for row in missing), ZERO)
    gross = sum((abs(row.market_value) for row in positions), ZERO)
    of_equity = max(0.0, 1 - float(unmeasured / day.equity)) if day.equity > 0 else None
    if not measured:
        of_equity = None if of_equity is None else 0.0
    of_gross = 1 - float(unmeasured / gross) if gross else 1.0
    flag = "limited_history" if is_short_history else "full_history"
    if of_gross < LEAST_COVERED or (of_equity is not None and of_equity < LEAST_COVERED):
        flag = "partially_covered"
    if not measured:
        flag = "no_factor_data"
    if all(row.lot.is_private or is_cash(row) for row in positions):
        flag = "no_public_positions"
    return {"coverage_of_equity": of_equity, "quality_flag": flag}
