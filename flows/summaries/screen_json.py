"""What is known of a portfolio as one JSON document; figures are null with a reason where there are none."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flows.summaries.portfolios import PortfolioLine
from flows.summaries.risk import RiskLine
from flows.summaries.screen import ShownPortfolio

RISK = (
    *("beta", "beta_coverage", "realized_volatility", "forecast_volatility", "var_95", "es_95", "var_99"),
    *("diversification", "effective_bets", "coverage_of_equity", "quality_flag", "not_measured", "tilts"),
    *(
        "option_count",
        "option_delta_dollars",
        "delta_dollars",
        "gamma_dollars",
        "theta",
        "vega",
        "options_without_greeks",
    ),
)


def as_json(shown: ShownPortfolio) -> dict[str, Any]:
    """The portfolio: USD, rates and shares as decimals.

    status: published, not_built or removed; the groups of figures are null unless it is published.
    """
    loaded, line = shown.loaded, shown.line
    return {
        "portfolio_id": str(loaded.portfolio_id),
        "portfolio_name": loaded.name,
        "owner_email": loaded.owner,
        "owner_may_log_in": bool(loaded.may_log_in),
        "inception_date": loaded.inception.isoformat(),
        "status": shown.status,
        "next_command": shown.next_command,
        "withheld_since": None if line is None else _instant(line.withheld_since),
        "withheld_reason": loaded.withheld_reason,
        "as_of_date": None if line is None else line.as_of.isoformat(),
        **_figures(line),
        "benchmark": None if line is None else line.benchmark,
        "returns": None if line is None else line.returns,
        "risk": None if shown.risk is None else _risk(shown.risk),
        "worst_scenarios": None if shown.risk is None else shown.risk.worst_scenarios,
        "attention": shown.attention(),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _figures(line: PortfolioLine | None) -> dict[str, Any]:
    if line is None:
        return dict.fromkeys(("value", "pnl", "exposures", "prices"))
    groups: dict[str, dict[str, Any]] = {
        "value": {
            "equity": line.equity,
            "cash": line.cash,
            "cash_and_equivalents": line.cash_and_equivalents,
            "position_count": line.position_count,
            "unrealized_pnl": line.unrealized_pnl,
            "realized_pnl": line.realized_pnl,
            "dividends": line.dividends,
        },
        "pnl": {
            "day": line.daily_pnl,
            "day_return": line.daily_return,
            "day_return_null_reason": line.daily_return_null_reason,
            "month": line.mtd_pnl,
            "year": line.ytd_pnl,
            "since_inception": line.total_pnl,
            "twr_index": line.twr_index,
            "drawdown": line.drawdown,
            "twr_null_reason": line.twr_null_reason,
        },
        "exposures": {
            "long": line.long,
            "short": line.short,
            "gross": line.gross,
            "net": line.net,
            "gross_to_equity": line.leverage,
            "net_to_equity": line.net_to_equity,
            "top_5_share": line.top_5_share,
        },
        "prices": {
            "coverage": line.coverage,
            "is_simulated": line.is_simulated,
            "flagged": line.flagged,
        },
    }
    return {name: {key: _plain(figure) for key, figure in group.items()} for name, group in groups.items()}


def _risk(risk: RiskLine) -> dict[str, Any]:
    return {name: _plain(getattr(risk, name)) for name in RISK}


def _plain(figure: Any) -> Any:
    return float(figure) if isinstance(figure, Decimal) else figure
