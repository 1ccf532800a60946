"""The page about the marts that leads every prompt: conventions, which measure is meant, and what is where.

    python -m api.chat.tools.semantic

writes it again from the yml files. The file is in the package; a test compares the two.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from api.chat.tools.semantic.marts import Mart, column_of, read_marts

FILE = Path(__file__).with_name("semantic.md")
MOST_BYTES = 4096

_KEYS = {
    "portfolio_id": "P",
    "as_of_date": "D",
    "position_id": "L",
    "symbol": "S",
    "factor": "F",
    "scenario_id": "C",
    "instrument_id": "I",
    "publication_id": "N",
}
_USUAL_GRAIN = ["portfolio_id", "as_of_date"]
_UNITS = {
    "see dim_factors.unit": "varies",
    "return per unit of return": "ratio",
    "decimal per year": "per year",
    "annualized ratio": "ratio",
    "decimal 0..1": "0..1",
}

CONVENTIONS = """\
# The marts
PostgreSQL schema `marts`, this user's rows. Facts: a row per session; fix as_of_date.
- Money is USD. 0.05 is 5 %. Volatilities are per year, VaR and ES one day but 10d.
- Short: negative quantity and market_value, positive short_exposure. Gross: long + short, net: long - short.
- Losses: positive in VaR and ES, negative in P&L, stress, returns and drawdown.
- D: as_of_date (session), P: portfolio_id, L: position_id, S: symbol, F: factor, C: scenario_id,
  I: instrument_id, N: publication_id.
- Restated: fct_restatements. Withheld, old: fct_quarantine, say so.
- Null is never zero: say why (…_null_reason, quality_message).
- has_simulated_prices, or coverage_of_equity below 1: say so. Private positions: no risk.
"""

MEASURES = (
    ("worth", "", ("fct_portfolio_snapshots.equity",)),
    ("P&L", "", ("fct_portfolio_snapshots.daily_pnl", ".mtd_pnl", ".ytd_pnl", ".cumulative_pnl")),
    ("return", "1D to ITD", (
        "fct_returns_by_period.time_weighted", ".money_weighted_period", ".excess")),
    ("exposure", "else _at_cost, _delta_adjusted", (
        "fct_portfolio_exposures.net_exposure", ".leverage")),
    ("weight", "", ("fct_position_values.weight",)),
    ("share", "", ("fct_exposures_by_group.share_of_gross",)),
    ("beta", "of holdings; past returns; vendors'", (
        "fct_portfolio_risk.market_beta", ".return_beta", ".beta_provider_1y")),
    ("attribution", "", ("fct_attribution_daily.effect",)),
    ("tracking error", "", ("fct_benchmark_risk.tracking_error_ex_ante",)),
    ("factor beta", "model risk; spread: tilts", ("fct_portfolio_factor_exposures.beta",)),
    ("volatility", "", (
        "fct_portfolio_risk.realized_volatility_21d", ".forecast_volatility_21d")),
    ("VaR, ES", "historical; else …_filtered, …", (
        "fct_portfolio_risk.var_95_1d", ".es_95_1d")),
    ("stress", "shocked factors; all; own past", (
        "fct_portfolio_stress.direct_pnl", ".correlated_pnl", ".replay_pnl")),
)  # fmt: skip

RULES = """\
## Do not
- compute in your head: `metric`, then `sql`; no figure without a result.
- add leverage, betas, volatilities, VaR or weights of portfolios; add dollars, then divide.
- sum exposures_by_group over dimensions or overlapping tags, or lots over methods (own: portfolio).
- count rows of a cut result.
- advise to buy or sell, or tell of others' portfolios.
"""


@cache
def semantic_document() -> str:
    """The page, as it is in the package."""
    return FILE.read_text("utf-8")


def generate_document() -> str:
    """Write the page from the yml files. Raises KeyError if it names a column that does not exist."""
    return "\n".join([CONVENTIONS, *_measures(), "", *_marts(), "", RULES])


def _measures() -> Iterator[str]:
    yield "## Which measure"
    for term, note, columns in MEASURES:
        mart = columns[0].partition(".")[0]
        names = [column.partition(".")[2] for column in columns]
        units = list(dict.fromkeys(column_of(mart, name).unit for name in names))
        unit = ", ".join(_UNITS.get(one, one) for one in units)
        yield f"- {term} [{unit}]: {mart}.{', '.join(names)}" + (f" ({note})" if note else "")


def _marts() -> Iterator[str]:
    yield "## Marts, grain else (P,D) (columns: `describe`)"
    groups: dict[str, list[str]] = {}
    for mart in read_marts().values():
        groups.setdefault(mart.group, []).append(f"{mart.name}{_grain(mart)}")
    for group, marts in sorted(groups.items()):
        yield f"{group}: {' '.join(marts)}"


def _grain(mart: Mart) -> str:
    if list(mart.grain) == _USUAL_GRAIN:
        return ""
    return f"({','.join(_KEYS.get(key, key) for key in mart.grain)})"
