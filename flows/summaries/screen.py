"""What is known of portfolios on one screen: all about one, or a line for each of several.

Figures are those of the marts; see portfolios.py and risk.py. A portfolio that is loaded but not published
has no figures: it names the command that builds it.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from shlex import quote
from typing import Literal
from uuid import UUID

from rich.console import Console

from flows.console import console
from flows.summaries.loaded import LoadedPortfolio, next_command, read_loaded
from flows.summaries.portfolios import (
    PortfolioLine,
    money,
    read_portfolios,
    short_names,
    table_of_portfolios,
)
from flows.summaries.risk import NO_PUBLIC_POSITIONS, RiskLine, listed, number, read_risk
from flows.wording import many
from warehouse.connections import Warehouse

WIDTH = 100  # columns
LABEL = 10
OVERDRAWN = Decimal("0.01")  # of equity; less are fees and interest that no statement lists
SHOWN = 18  # lines for portfolios, so that they fit on one screen with what follows
OWNERS_SHOWN = 3
PERIODS = {"1D": "day", "MTD": "month", "QTD": "quarter", "YTD": "year", "1Y": "12 months"}
LONG_PERIODS = {"1Y"}
BASIS_POINT = 1e-4

NOTHING_LOADED = (
    "No portfolio is loaded yet: `sigmasight load positions FILE --portfolio NAME --owner EMAIL`."
)


@dataclass(frozen=True)
class ShownPortfolio:
    """A portfolio with its figures on the last published date; None if it is not published.

    next_command: builds what waits. None if nothing does. last_session: the last published one; None before
    the first publication.
    """

    loaded: LoadedPortfolio
    line: PortfolioLine | None
    risk: RiskLine | None
    next_command: str | None
    last_session: date | None

    @property
    def status(self) -> Literal["published", "not_built", "removed"]:
        """Whether there are figures, and if not, why."""
        if self.line is not None:
            return "published"
        return "not_built" if self.loaded.removed_on is None else "removed"

    def attention(self) -> list[str]:
        """What needs attention: what waits, prices, risk that is not measured, an owner without login."""
        return [
            *self._withheld(),
            *self._waiting(),
            *self._cash(),
            *self._prices(),
            *self._unmeasured(),
            *self._owner(),
        ]

    def _withheld(self) -> Iterator[str]:
        if self.line is not None and self.line.withheld_since is not None:
            yield str(self.line.withheld_in_words())
        elif self.loaded.withheld_reason is not None:
            yield f"WITHHELD, no figures yet. {self.loaded.withheld_reason}"

    def _waiting(self) -> Iterator[str]:
        if self.status == "not_built":
            if self.loaded.withheld_reason is None:
                yield self._not_built()
        elif self.status == "removed":
            yield (
                f"removed on {self.loaded.removed_on}: `sigmasight portfolios restore "
                f'"{self.loaded.name}" --owner {self.loaded.owner}` restores it'
            )
        elif self.next_command is not None:
            yield f"newer data are loaded, not built yet: `{self.next_command}`"

    def _not_built(self) -> str:
        if self.last_session is not None and self.loaded.inception > self.last_session:
            return (
                f"loaded, not built yet: it begins on {self.loaded.inception}, and prices end on "
                f"{self.last_session}: `{self.next_command}` builds it when later ones are there"
            )
        return f"loaded, not built yet; next: `{self.next_command}`"

    def _cash(self) -> Iterator[str]:
        line = self.line
        if line is not None and line.cash < -OVERDRAWN * abs(line.equity):
            yield (
                f"cash {money(line.cash)}: more was paid than came in. If it is no loan, a contribution "
                "(`sigmasight capital-flows add`), capital of the start (--equity) or the newest balance of "
                "the cash rows is missing"
            )

    def _prices(self) -> Iterator[str]:
        line = self.line
        if line is None:
            return
        if line.is_simulated:
            yield "SIMULATED PRICES"
        if line.coverage is not None and line.coverage < 1:
            yield line.coverage_in_words()
        for words, symbols in line.flags_in_words():
            yield f"{words}: {listed(list(dict.fromkeys(symbols)))}"
        if line.daily_return is None:
            yield f"no return of the day: {line.daily_return_null_reason}"
        if line.twr_index is None:
            yield f"no time-weighted return: {line.twr_null_reason}"

    def _unmeasured(self) -> Iterator[str]:
        risk = self.risk
        if risk is not None and risk.not_measured and risk.quality_flag != NO_PUBLIC_POSITIONS:
            yield f"risk {risk.not_measured_in_words()}"
        if risk is not None and risk.has_partial_beta():
            yield risk.partial_beta_in_words()

    def _owner(self) -> Iterator[str]:
        sentence = self.loaded.login_sentence()
        if sentence is not None:
            yield sentence


def read_shown(warehouse: Warehouse, portfolio_ids: Sequence[UUID] | None = None) -> list[ShownPortfolio]:
    """The portfolios by name; portfolio_ids: default all that are not removed."""
    loaded = read_loaded(warehouse, portfolio_ids)
    lines = {line.portfolio_id: line for line in read_portfolios(warehouse)}
    risks = {risk.portfolio_id: risk for risk in read_risk(warehouse)}
    if portfolio_ids is None:
        loaded = [each for each in loaded if each.removed_on is None or each.portfolio_id in lines]
    waiting = {each.portfolio_id for each in loaded if each.is_waiting or each.portfolio_id not in lines}
    command = next_command(warehouse) if waiting else None
    last = max((line.as_of for line in lines.values()), default=None)
    return [
        ShownPortfolio(
            each,
            lines.get(each.portfolio_id),
            risks.get(each.portfolio_id),
            command if each.portfolio_id in waiting else None,
            last,
        )
        for each in loaded
    ]


def print_portfolios(
    warehouse: Warehouse,
    portfolio_ids: Sequence[UUID] | None = None,
    *,
    most: int | None = SHOWN,
    is_built: bool = True,
) -> None:
    """Print one portfolio in full, several in a line each; portfolio_ids: default all.

    most: lines for portfolios; None for all. is_built: False after a load without a build, which leaves the
    published figures out: they are those of the statement before.
    """
    shown = read_shown(warehouse, portfolio_ids)
    if not is_built:
        shown = [replace(each, line=None, risk=None) if each.next_command else each for each in shown]
    out = console()
    out.print()
    if len(shown) == 1:
        print_screen(out, shown[0])
    else:
        print_lines(out, shown, most=most)


def print_screen(out: Console, shown: ShownPortfolio) -> None:
    """Print all about one portfolio, in at most 100 columns."""
    as_of = f" on {shown.line.as_of} (USD)" if shown.line is not None else ""
    title = f"{shown.loaded.name} of {shown.loaded.owner}{as_of}"
    out.print("\n".join(textwrap.wrap(title, WIDTH)), style="bold", markup=False)
    for label, text in screen_lines(shown):
        for place, wrapped in enumerate(textwrap.wrap(text, WIDTH - LABEL - 1, break_on_hyphens=False)):
            out.print(f"{label if place == 0 else '':<{LABEL}} {wrapped}", markup=False)


def screen_lines(shown: ShownPortfolio) -> Iterator[tuple[str, str]]:
    """Label and text of each line below the title."""
    if shown.line is not None:
        yield from _figures(shown.line)
    if shown.risk is not None:
        yield from _risk(shown.risk)
    attention = shown.attention() or ["nothing"]
    yield from zip(["attention"] + [""] * len(attention), attention, strict=False)


def signed(value: Decimal) -> str:
    """Whole dollars with a sign; 0 has none."""
    return f"{value:+,.0f}" if round(value) else "0"


def _figures(line: PortfolioLine) -> Iterator[tuple[str, str]]:
    yield (
        "value",
        (
            f"equity {money(line.equity)}; cash {money(line.cash)}, money market "
            f"{money(line.cash_and_equivalents)}; {many(line.position_count, 'position')}"
        ),
    )
    yield (
        "gains",
        (
            f"unrealized {signed(line.unrealized_pnl)}, realized {signed(line.realized_pnl)}, "
            f"dividends {signed(line.dividends)}"
        ),
    )
    yield (
        "P&L",
        (
            f"day {signed(line.daily_pnl)}, month {signed(line.mtd_pnl)}, year {signed(line.ytd_pnl)}, "
            f"since {line.inception} {signed(line.total_pnl)}"
        ),
    )
    yield "return", f"{_returns(line, 'time_weighted')}; drawdown {number(line.drawdown, '.1%')}"
    if _have_flows_an_effect(line):
        yield "", f"money-weighted: {_returns(line, 'money_weighted')}"
    if line.benchmark is not None:
        yield line.benchmark[:LABEL], _returns(line, "benchmark")
    yield (
        "exposure",
        (
            f"long {money(line.long)}, short {money(line.short)}, gross {money(line.gross)} "
            f"({number(line.leverage, '.2f')} x equity), net {money(line.net)} "
            f"({number(line.net_to_equity, '.2f')}); largest five {number(line.top_5_share, '.0%')} of gross"
        ),
    )


def _returns(line: PortfolioLine, figure: str) -> str:
    """A return of each period; of those that need a longer history only if it is known."""
    names = {**PERIODS, "ITD": f"since {line.inception}"}
    figures = {period: line.returns.get(period, {}).get(figure) for period in names}
    return ", ".join(
        f"{name} {number(figures[period], '+.2%')}"
        for period, name in names.items()
        if period not in LONG_PERIODS or figures[period] is not None
    )


def _have_flows_an_effect(line: PortfolioLine) -> bool:
    """Whether any money-weighted return differs by a basis point from the time-weighted one."""
    pairs = ((each["time_weighted"], each["money_weighted"]) for each in line.returns.values())
    return any(
        one is not None and other is not None and abs(one - other) >= BASIS_POINT for one, other in pairs
    )


def _risk(risk: RiskLine) -> Iterator[tuple[str, str]]:
    if risk.quality_flag == NO_PUBLIC_POSITIONS:
        yield "risk", "not measured: no public positions"
        return
    beta, realized, forecast, var_95, es_95, var_99, score, bets, measured = risk.cells()
    yield (
        "risk",
        (
            f"beta {beta}; volatility {realized} a year, forecast {forecast}; in one day VaR 95% {var_95}, "
            f"ES 95% {es_95}, VaR 99% {var_99}; diversification score {score}, {bets} bets; {measured} of "
            "equity measured"
        ),
    )
    if risk.tilts is not None:
        yield "tilts", risk.tilts
    if risk.option_count:
        yield "options", risk.options_in_words()
    for place, scenario in enumerate(risk.worst_in_words()):
        yield "" if place else "worst", scenario


def print_lines(out: Console, shown: Sequence[ShownPortfolio], *, most: int | None = None) -> None:
    """Print a line for each portfolio, the largest P&L of the day first if only `most` of them fit."""
    if not shown:
        out.print(NOTHING_LOADED, markup=False)
        return
    published = [each for each in shown if each.line is not None]
    lines = published
    if most is not None and len(published) > most:
        lines = sorted(published, key=_day, reverse=True)[:most]
    if lines:
        _print_table(out, lines)
    if len(published) > len(lines):
        rest = (
            f"… and {len(published) - len(lines)} more with less P&L on the day: `sigmasight show` lists all"
        )
        out.print(f" {rest}", markup=False)
    for sentence in _below(shown):
        out.print("\n".join(textwrap.wrap(sentence, WIDTH, break_on_hyphens=False)), markup=False)


def _day(shown: ShownPortfolio) -> float:
    return abs(float(shown.line.daily_pnl)) if shown.line is not None else 0.0


def _print_table(out: Console, lines: Sequence[ShownPortfolio]) -> None:
    as_of = max(each.line.as_of for each in lines if each.line is not None)
    headers = ("equity", "day", "month", "year", "beta", "VaR 95%", "worst", "notes")
    title = f"Portfolios on {as_of} (USD; worst: worst scenario; notes: what needs attention)"
    table = table_of_portfolios(title, headers)
    short = short_names([each.loaded.name for each in lines])
    for name, each in zip(short, lines, strict=True):
        # of several users' portfolios of one name, each has its owner
        table.add_row(f"{name} ({each.loaded.owner})" if short.count(name) > 1 else name, *_cells(each))
    out.print(table)


def _cells(shown: ShownPortfolio) -> list[str]:
    line, risk = shown.line, shown.risk
    if line is None:
        return []
    worst = risk.worst_scenarios[0]["share"] if risk is not None and risk.worst_scenarios else None
    return [
        money(line.equity),
        signed(line.daily_pnl),
        signed(line.mtd_pnl),
        signed(line.ytd_pnl),
        number(risk.beta if risk else None, ".2f"),
        number(risk.var_95 if risk else None, ",.0f"),
        number(worst, "+.1%"),
        str(len(shown.attention())),
    ]


def _below(shown: Sequence[ShownPortfolio]) -> Iterator[str]:
    """What concerns several portfolios, and where to read on."""
    withheld = [each.loaded.name for each in shown if each.loaded.withheld_reason is not None]
    if withheld:
        yield f"WITHHELD, with figures of an earlier session: {listed(withheld)}"
    simulated = sum(each.line is not None and each.line.is_simulated for each in shown)
    if simulated:
        yield f"SIMULATED PRICES in {simulated} of {len(shown)} portfolios"
    waiting = [each for each in shown if each.next_command is not None]
    if waiting:
        names = listed([each.loaded.name for each in waiting])
        yield f"Not built yet: {names}; next: `{waiting[0].next_command}`"
    logins = list(dict.fromkeys(filter(None, (each.loaded.login_sentence() for each in shown))))
    yield from logins[:OWNERS_SHOWN]
    if len(logins) > OWNERS_SHOWN:
        yield f"… and {len(logins) - OWNERS_SHOWN} more owners cannot log in: `sigmasight users list`"
    yield f"All about one: `sigmasight show {quote(shown[0].loaded.name)}`"
