"""A table of portfolio risk with a few lines on each, read from the marts with the analyst role."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from rich.console import Console

from flows.summaries.portfolios import (
    Number,
    reading_all_portfolios,
    share,
    short_names,
    table_of_portfolios,
)
from warehouse.connections import Warehouse
from warehouse.method import method_variables, significant_t

RISK = """
with newest as (
    select
        portfolios.portfolio_id,
        least(last.as_of_date, quarantine.last_published_date) as as_of_date
    from marts.dim_portfolios as portfolios
    cross join (select max(as_of_date) as as_of_date from marts.fct_portfolio_snapshots) as last
    left join marts.fct_quarantine as quarantine using (portfolio_id)
),

scenarios as (
    select distinct on (scenario_id)
        scenario_id,
        scenario_name
    from marts.dim_scenarios
    order by scenario_id
),

stress as (
    select
        portfolio_id,
        scenario_name,
        direct_pnl,
        direct_pct_equity,
        correlated_pct_equity,
        row_number() over (partition by portfolio_id order by direct_pnl asc) as worst_rank,
        row_number() over (partition by portfolio_id order by direct_pnl desc) as best_rank
    from marts.fct_portfolio_stress
    inner join newest using (portfolio_id, as_of_date)
    inner join scenarios using (scenario_id)
    where direct_pnl is not null and as_of_date = any(array(select as_of_date from newest))
),

worst as (
    select
        portfolio_id,
        jsonb_agg(
            jsonb_build_object(
                'name', scenario_name,
                'pnl', direct_pnl,
                'share', direct_pct_equity,
                'correlated_share', correlated_pct_equity
            )
            order by worst_rank
        ) as scenarios
    from stress
    where worst_rank <= 3
    group by portfolio_id
),

tilts as (
    select portfolio_id, string_agg(tilt || ' ' || factors, '; ' order by tilt desc) as tilts
    from (
        select
            portfolio_id,
            tilt,
            string_agg(
                concat(
                    factor, ' ', to_char(beta, 'FMSG999999999990.00'),
                    case when abs(beta) < %(significant_t)s * std_error then ' (not significant)' end
                ),
                ', ' order by abs(beta) desc
            ) as factors
        from marts.fct_portfolio_factor_exposures
        inner join newest using (portfolio_id, as_of_date)
        where tilt <> 'neutral' and as_of_date = any(array(select as_of_date from newest))
        group by portfolio_id, tilt
    ) as by_size
    group by portfolio_id
),

market_betas as (
    select
        portfolio_id,
        coverage
    from marts.fct_portfolio_factor_exposures
    inner join newest using (portfolio_id, as_of_date)
    where model = 'market' and as_of_date = any(array(select as_of_date from newest))
),

option_deltas as (
    select
        portfolio_id,
        sum(delta_dollars) as delta_dollars
    from marts.fct_position_greeks
    inner join newest using (portfolio_id, as_of_date)
    where as_of_date = any(array(select as_of_date from newest))
    group by portfolio_id
)

select
    risk.portfolio_id,
    portfolios.portfolio_name,
    risk.market_beta,
    market_betas.coverage,
    risk.realized_volatility_21d,
    risk.forecast_volatility_21d,
    risk.var_95_1d,
    risk.es_95_1d,
    risk.var_99_1d,
    correlation.diversification_score,
    correlation.effective_bets,
    risk.coverage_of_equity,
    risk.positions_not_measured,
    risk.quality_flag,
    coalesce(worst.scenarios, '[]'),
    best.scenario_name,
    best.direct_pnl,
    best.direct_pct_equity,
    best.correlated_pct_equity,
    tilts.tilts,
    greeks.option_count,
    option_deltas.delta_dollars,
    greeks.delta_dollars,
    greeks.gamma_dollars_1pct,
    greeks.theta,
    greeks.vega,
    greeks.options_without_greeks
from marts.fct_portfolio_risk as risk
inner join newest using (portfolio_id, as_of_date)
inner join marts.dim_portfolios as portfolios using (portfolio_id)
left join marts.fct_portfolio_correlation as correlation using (portfolio_id, as_of_date)
left join marts.fct_portfolio_greeks as greeks using (portfolio_id, as_of_date)
left join worst on risk.portfolio_id = worst.portfolio_id
left join stress as best on risk.portfolio_id = best.portfolio_id and best.best_rank = 1
left join tilts on risk.portfolio_id = tilts.portfolio_id
left join market_betas on risk.portfolio_id = market_betas.portfolio_id
left join option_deltas on risk.portfolio_id = option_deltas.portfolio_id
where risk.as_of_date = any(array(select as_of_date from newest))
order by portfolios.portfolio_name
"""

NO_PUBLIC_POSITIONS = "no_public_positions"


@dataclass(frozen=True)
class RiskLine:
    """The risk of one portfolio on its last published date. USD, decimals; None if unknown.

    coverage_of_equity: share of equity that is measured. not_measured: the largest symbols that are not.
    beta_coverage: share of the gross market value of public and option positions whose symbols have a beta.
    option_delta_dollars: of the options alone; delta_dollars is that of the shares too.
    worst_scenarios: the three with the largest loss, each with name, pnl, share and correlated_share.
    """

    portfolio_id: UUID
    name: str
    beta: Number
    beta_coverage: Number
    realized_volatility: Number
    forecast_volatility: Number
    var_95: Number
    es_95: Number
    var_99: Number
    diversification: Number
    effective_bets: Number
    coverage_of_equity: Number
    not_measured: list[str] | None
    quality_flag: str
    worst_scenarios: list[dict[str, Any]]
    best_scenario: str | None
    best_pnl: Number
    best_share: Number
    best_correlated_share: Number
    tilts: str | None
    option_count: int
    option_delta_dollars: Number
    delta_dollars: Number
    gamma_dollars: Number
    theta: Number
    vega: Number
    options_without_greeks: int

    def cells(self) -> list[str]:
        """The numbers of the table's row."""
        return [
            number(self.beta, ".2f"),
            number(self.realized_volatility, ".1%"),
            number(self.forecast_volatility, ".1%"),
            number(self.var_95, ",.0f"),
            number(self.es_95, ",.0f"),
            number(self.var_99, ",.0f"),
            number(self.diversification, ".2f"),
            number(self.effective_bets, ".1f"),
            share(self.coverage_of_equity),
        ]

    def notes(self) -> list[str]:
        """What is not measured, scenarios, tilts and options in words."""
        if self.quality_flag == NO_PUBLIC_POSITIONS:
            return ["no public positions: risk is not measured"]
        lines = []
        if self.not_measured:
            lines.append(self.not_measured_in_words())
        if self.has_partial_beta():
            lines.append(self.partial_beta_in_words())
        if self.worst_scenarios:
            best = _pnl(self.best_pnl, self.best_share, self.best_correlated_share)
            lines += [
                f"worst scenario: {self.worst_in_words()[0]}",
                f"best scenario: {self.best_scenario} {best}",
            ]
        if self.tilts is not None:
            lines.append(f"tilts: {self.tilts}")
        if self.option_count:
            lines.append(self.options_in_words())
        return lines

    def not_measured_in_words(self) -> str:
        """The share of equity that the risk figures cover, and what they leave out; not_measured is given."""
        return (
            f"{self.quality_flag}: {share(self.coverage_of_equity)} of equity is measured, not "
            f"{listed(self.not_measured or [])}"
        )

    def has_partial_beta(self) -> bool:
        """Whether the beta leaves out more than the other figures of risk may without a flag."""
        return (
            self.beta is not None
            and self.beta_coverage is not None
            and self.beta_coverage < method_variables()["full_coverage_share"]
        )

    def partial_beta_in_words(self) -> str:
        """How much of the portfolio the beta is of; the rest counts as 0 in it."""
        return (
            f"beta {number(self.beta, '.2f')} is of {share(self.beta_coverage)} of gross market value: "
            "the rest has too few returns, and counts as 0"
        )

    def worst_in_words(self) -> list[str]:
        """The worst scenarios with their P&L, the largest loss first."""
        return [
            f"{each['name']} {_pnl(each['pnl'], each['share'], each['correlated_share'])}"
            for each in self.worst_scenarios
        ]

    def options_in_words(self) -> str:
        """The Greeks of all options, and the delta of options and shares together."""
        noun = "option" if self.option_count == 1 else "options"
        text = (
            f"{self.option_count} {noun}; delta {number(self.option_delta_dollars, ',.0f')} USD "
            f"({number(self.delta_dollars, ',.0f')} with the shares), "
            f"gamma {number(self.gamma_dollars, '+,.0f')} a percent, "
            f"theta {number(self.theta, '+,.0f')} a day, "
            f"vega {number(self.vega, '+,.0f')} a volatility point"
        )
        missing = self.options_without_greeks
        return f"{text}; {missing} without Greeks" if missing else text


def read_risk(warehouse: Warehouse) -> list[RiskLine]:
    """Each portfolio's risk on the last published date; empty before the first publication."""
    with reading_all_portfolios(warehouse) as connection:
        try:
            rows: list[tuple[Any, ...]] = connection.execute(
                RISK, {"significant_t": significant_t()}
            ).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
    return [RiskLine(*row) for row in rows]


def print_risk(console: Console, lines: list[RiskLine]) -> None:
    """Print the table of risk and, below, scenarios, tilts and options of each portfolio."""
    if not lines:
        return
    headers = (
        "beta",
        "vol 21d",
        "forecast",
        "VaR 95%",
        "ES 95%",
        "VaR 99%",
        "score",
        "bets",
        "measured",
    )
    title = "Risk (one day, USD; volatility a year; score: 0 unrelated holdings, 1 all the same)"
    table = table_of_portfolios(title, headers)
    for name, line in zip(short_names([line.name for line in lines]), lines, strict=True):
        table.add_row(name, *line.cells())
    console.print(table)
    for line in lines:
        console.print(f"  {line.name}", markup=False)
        for note in line.notes():
            console.print(f"    {note}", markup=False)


def number(value: Number, form: str) -> str:
    """The formatted number, or a dash; what rounds to 0 has no minus."""
    sign, rest = ("+", form[1:]) if form.startswith("+") else ("", form)
    return "-" if value is None else format(value, f"{sign}z{rest}")


def listed(symbols: list[str], shown: int = 5) -> str:
    """The first symbols, for a sentence."""
    return ", ".join(symbols[:shown]) + (", …" if len(symbols) > shown else "")


def _pnl(pnl: Number, share: Number, correlated_share: Number) -> str:
    return f"{number(pnl, '+,.0f')} ({number(share, '+.1%')}, correlated {number(correlated_share, '+.1%')})"
