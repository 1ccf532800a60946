"""How fast the portfolio and its positions can be sold, and at what cost."""

from api.reports.model import Section, Table
from api.reports.tables import Facts, Row, count, make_table, money, quality_of, rate, ratio, text

TITLE = "Liquidity"
NO_MARKET = {"reason": "no position has a known volume"}
ALL = {"reason": "nothing is known of any position"}


def liquidity(facts: Facts) -> Section:
    """Liquidity; available where anything of it is known, private holdings included."""
    row = facts.one("report_liquidity")
    quality = quality_of(row)
    if row is None or row["share_1d"] is None:
        reason = quality.message if quality else "no liquidity was published for the session"
        return Section("liquidity", TITLE, reason=reason, quality=quality)
    return Section("liquidity", TITLE, (_portfolio(row), _positions(facts)), quality=quality)


def _portfolio(row: Row) -> Table:
    adjusted = {"reason_in": "liquidity_adjusted_var_null_reason"}
    return make_table(
        "report_liquidity",
        [row],
        name="portfolio",
        title="How fast the portfolio can be sold",
        layout="facts",
        coverage=row["coverage"],
        note="Days are sessions. Shares are of the gross market value; private holdings have no market. The "
        "cost is of orders up to about a tenth of a day's volume: beyond that it is an extrapolation, which "
        "may exceed what the position is worth.",
        columns=(
            rate("participation", "Traded in a session", "of average volume"),
            rate("share_1d", "Sold within 1 day", "of gross", **ALL),
            rate("share_7d", "Sold within 7 days", "of gross", **ALL),
            rate("share_30d", "Sold within 30 days", "of gross", **ALL),
            rate("share_illiquid", "Illiquid", "of gross", **ALL),
            ratio("days_to_liquidate_95", "Days for 95 % of what is known", "sessions", **NO_MARKET),
            ratio("days_to_liquidate_100", "Days for all that is known", "sessions", **NO_MARKET),
            money("cost", "Cost of selling", reason="no position has a known cost"),
            rate("cost_coverage", "Covered by the cost", "of gross", **ALL),
            count("unwinding_days", "Days of an even sale", "sessions", **adjusted),
            money("liquidity_adjusted_var", "VaR 95 % during it", **adjusted),
            money("liquidity_adjusted_var_99", "VaR 99 % during it", **adjusted),
        ),
    )


def _positions(facts: Facts) -> Table:
    reason = {"reason_in": "null_reason"}
    return make_table(
        "report_position_liquidity",
        facts.rows["report_position_liquidity"],
        name="positions",
        title="How fast the positions can be sold",
        key=("symbol",),
        columns=(
            text("symbol", "Position"),
            ratio("days_to_liquidate", "Days", "sessions", **reason),
            rate("share_1d", "Within 1 day", **reason),
            rate("share_7d", "Within 7 days", **reason),
            rate("share_30d", "Within 30 days", **reason),
            text("bucket", "Class", **reason),
            money("cost", "Cost", reason_in="cost_null_reason"),
        ),
    )
