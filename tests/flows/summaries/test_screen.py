"""What is known of portfolios on one screen, and as JSON."""

import io
import json
import shlex
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from flows.summaries.screen import SHOWN, WIDTH, ShownPortfolio, print_lines, print_screen, read_shown
from flows.summaries.screen_json import as_json
from tests.conftest import THEN
from tests.database_copies import drop
from tests.flows.in_process import invoke
from tests.flows.summaries.figures import RETURNS, portfolio_line, risk_line, shown_portfolio
from warehouse.connections import Warehouse

SCREEN = 30  # lines

WORST = [
    {"name": f"Crash {number} Replay (2000-2002)", "pnl": -741053.2, "share": -0.21, "correlated_share": -0.2}
    for number in range(3)
]
NIGHTLY = "sigmasight nightly --source vendors"


def one(shown: ShownPortfolio) -> list[str]:
    out = io.StringIO()
    print_screen(Console(file=out, width=120, soft_wrap=True, highlight=False), shown)
    return out.getvalue().splitlines()


def several(*shown: ShownPortfolio, most: int | None = None) -> list[str]:
    out = io.StringIO()
    print_lines(Console(file=out, width=120, soft_wrap=True, highlight=False), shown, most=most)
    return out.getvalue().splitlines()


def test_one_portfolio_with_everything_fits_on_one_screen() -> None:
    options = {"option_count": 8, "delta_dollars": 310622.0, "gamma_dollars": -2633.1}
    risk = risk_line(
        beta=0.51, var_95=41799.1, worst_scenarios=WORST, tilts="moderate Momentum +0.23", **options
    )
    symbols = [f"SPY261218C00{strike}000" for strike in range(600, 700)]
    flagged = {"model_price": symbols, "stale_price": symbols, "private_mark": symbols}
    line = portfolio_line(flagged=flagged, coverage=0.8, is_simulated=True, name="Long name " * 20)
    lines = one(shown_portfolio(line, risk, may_log_in=None, next_command=NIGHTLY))
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= SCREEN
    text = " ".join(" ".join(lines).split())
    for part in (
        "of jane@example.com on 2025-09-12 (USD)",
        "equity 3,490,911; cash 1,572,325, money market 0; 30 positions",
        "day -15,352, month +20,911, year +290,911, since 2025-06-30 +290,911",
        "return day -0.44%, month +0.60%, quarter +2.10%, year +9.09%, since 2025-06-30 +9.09%;",
        "drawdown -0.4%",
        "SPY day +3.12%, month +3.12%, quarter +3.12%, year +3.12%, since 2025-06-30 +3.12% exposure",
        "gross 4,949,676 (1.42 x equity)",
        "beta 0.51; volatility - a year",
        "worst Crash 0 Replay (2000-2002) -741,053 (-21.0%, correlated -20.0%) Crash 1",
        f"attention newer data are loaded, not built yet: `{NIGHTLY}` SIMULATED PRICES 80.0% of public value",
        "100 options at the model's price: SPY261218C00600000,",
        "jane@example.com cannot log in: `sigmasight users add jane@example.com` adds the account",
    ):
        assert part in text


def test_one_position_is_one() -> None:
    lines = one(shown_portfolio(portfolio_line(position_count=1)))
    assert "1 position" in [line.split("; ")[-1] for line in lines]


def test_attention_is_nothing_if_all_is_well() -> None:
    shown = shown_portfolio(portfolio_line(), risk_line(quality_flag="full_history"))
    assert shown.attention() == []
    assert one(shown)[-1] == "attention  nothing"


def test_cash_below_zero_needs_attention() -> None:
    # Silent failure prevented: leverage that comes from a statement that is not complete
    short = portfolio_line(equity=Decimal(118_403), cash=Decimal(-4558))
    [sentence] = shown_portfolio(short, risk_line(quality_flag="full_history")).attention()
    assert sentence.startswith("cash -4,558: more was paid than came in. If it is no loan, a contribution")
    fees = portfolio_line(equity=Decimal(118_403), cash=Decimal(-1184))
    assert shown_portfolio(fees, risk_line(quality_flag="full_history")).attention() == []


def test_portfolios_of_one_name_have_their_owners() -> None:
    # Silent failure prevented: somebody else's equity taken for one's own
    two = [shown_portfolio(portfolio_line(), owner=owner) for owner in ("a@b.com", "c@d.com")]
    lines = several(*two, shown_portfolio(portfolio_line(), name="Income"))
    assert [line.split("3,490")[0].strip() for line in lines if "3,490" in line] == [
        "Growth (a@b.com)",
        "Growth (c@d.com)",
        "Income",
    ]


def test_a_portfolio_that_is_not_built_says_so_and_names_the_next_command() -> None:
    shown = shown_portfolio(next_command=NIGHTLY)
    assert one(shown)[1:] == [f"attention  loaded, not built yet; next: `{NIGHTLY}`"]
    later = shown_portfolio(next_command=NIGHTLY, inception=date(2025, 9, 15))
    assert "it begins on 2025-09-15, and prices end on 2025-09-12" in later.attention()[0]
    removed = shown_portfolio(removed_on=date(2025, 7, 1))
    assert '`sigmasight portfolios restore "Growth" --owner jane@example.com`' in removed.attention()[0]
    assert [each.status for each in (shown, later, removed)] == ["not_built", "not_built", "removed"]


def test_missing_figures_are_a_dash_with_the_reason() -> None:
    broken = portfolio_line(
        daily_return=None,
        daily_return_null_reason="capital_not_positive",
        twr_index=None,
        drawdown=None,
        twr_null_reason="return_chain_broken",
        benchmark=None,
        returns={},
    )
    lines = one(shown_portfolio(broken, risk_line(quality_flag="no_public_positions", not_measured=["HOME"])))
    assert "risk       not measured: no public positions" in lines
    assert any("since 2025-06-30 -; drawdown -" in line for line in lines)
    assert "attention  no return of the day: capital_not_positive" in lines
    assert lines[-1].endswith("no time-weighted return: return_chain_broken")


def test_money_weighted_returns_are_shown_where_flows_have_an_effect() -> None:
    text = " ".join(" ".join(one(shown_portfolio(portfolio_line()))).split())
    assert "money-weighted" not in text
    with_flows = {**RETURNS, "YTD": {**RETURNS["YTD"], "money_weighted": 0.0801}}
    text = " ".join(" ".join(one(shown_portfolio(portfolio_line(returns=with_flows)))).split())
    assert "money-weighted: day -0.44%, month +0.60%, quarter +2.10%, year +8.01%" in text


def test_many_portfolios_are_a_line_each_and_fit_on_one_screen() -> None:
    shown = [
        shown_portfolio(
            portfolio_line(
                name=f"Portfolio of client number {day}", daily_pnl=Decimal(day), is_simulated=True
            ),
            risk_line(beta=0.5, worst_scenarios=WORST),
            owner=f"{day}@example.com",
            may_log_in=None,
        )
        for day in range(100)
    ]
    lines = several(*shown, shown_portfolio(name="New", next_command=NIGHTLY), most=SHOWN)
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= SCREEN
    text = "\n".join(lines)
    assert [line.split()[0] for line in lines[3:5]] == ["99", "98"]
    assert "… and 82 more with less P&L on the day: `sigmasight show` lists all" in text
    assert "SIMULATED PRICES in 100 of 101 portfolios" in text
    assert f"Not built yet: New; next: `{NIGHTLY}`" in text
    assert "… and 97 more owners cannot log in: `sigmasight users list`" in text
    assert lines[-1] == "All about one: `sigmasight show 'Portfolio of client number 0'`"
    assert len(several(*shown)) > 100


def test_a_copied_command_runs_nothing_that_a_name_says() -> None:
    lines = several(*(shown_portfolio(name=name, next_command=None) for name in ('a"; $(id)', "b")))
    assert lines[-1] == """All about one: `sigmasight show 'a"; $(id)'`"""


def test_json_has_every_group_or_null() -> None:
    document = json.loads(json.dumps(as_json(shown_portfolio(next_command=NIGHTLY, may_log_in=False))))
    assert (document["status"], document["next_command"]) == ("not_built", NIGHTLY)
    assert document["owner_may_log_in"] is False
    assert "`sigmasight users enable jane@example.com`" in document["attention"][1]
    groups = ("as_of_date", "value", "pnl", "exposures", "prices", "risk", "worst_scenarios")
    assert {name: document[name] for name in groups} == dict.fromkeys(groups)


MART_FIGURES = """
select
    snapshots.as_of_date::text, equity::float8, mtd_pnl::float8, twr_index, time_weighted,
    gross_exposure::float8, var_95_1d,
    (
        select min(direct_pnl) from marts.fct_portfolio_stress as stress
        where (stress.portfolio_id, stress.as_of_date) = (snapshots.portfolio_id, snapshots.as_of_date)
    )
from marts.fct_portfolio_snapshots as snapshots
inner join marts.fct_portfolio_exposures using (portfolio_id, as_of_date)
inner join marts.fct_portfolio_risk using (portfolio_id, as_of_date)
inner join marts.fct_returns_by_period using (portfolio_id, as_of_date)
inner join marts.dim_portfolios using (portfolio_id)
where portfolio_name = %s and period = 'YTD'
order by snapshots.as_of_date desc
limit 1
"""


@pytest.mark.slow
def test_show_prints_the_figures_of_the_marts(demo: Warehouse) -> None:
    name = "Demo Hedge Fund Style Investor Portfolio"

    def show(line: str) -> str:
        done = invoke(["show", *shlex.split(line)], demo.settings.as_environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    document: dict[str, Any] = json.loads(show(f"'{name.lower()}' --json"))
    with demo.connect_analyst(autocommit=True) as connection:
        row = connection.execute(MART_FIGURES, [name]).fetchone()
    assert row == (
        document["as_of_date"],
        document["value"]["equity"],
        document["pnl"]["month"],
        document["pnl"]["twr_index"],
        document["returns"]["YTD"]["time_weighted"],
        document["exposures"]["gross"],
        document["risk"]["var_95"],
        document["worst_scenarios"][0]["pnl"],
    )
    lines = show(f"'{name}'").splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= SCREEN
    assert f"equity {document['value']['equity']:,.0f};" in lines[2]
    assert len(json.loads(show("--json"))) == 5
    assert "SIMULATED PRICES in 4 of 5 portfolios" in show("")


def test_a_move_of_the_day_that_no_split_explains_is_told(
    demo: Warehouse, copy_warehouse: Callable[..., Warehouse]
) -> None:
    copied = copy_warehouse(demo)
    with copied.connect_writer() as connection:
        connection.execute(
            "update published.fct_prices set is_suspect = true where symbol = 'AAPL' and as_of_date = %s",
            [THEN],
        )
        held = connection.execute(
            "select distinct portfolio_name from marts.fct_position_values"
            " join marts.dim_portfolios using (portfolio_id)"
            " where coalesce(underlying_symbol, symbol) = 'AAPL' and as_of_date = %s and is_open",
            [THEN],
        ).fetchall()
    sentence = "1 at a move of the day that no split explains: AAPL"
    told = {shown.loaded.name for shown in read_shown(copied) if sentence in shown.attention()}
    drop(copied)
    assert told == {name for (name,) in held}
    assert told
