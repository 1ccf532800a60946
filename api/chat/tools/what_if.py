"""The tool `what_if`: a portfolio before and after trades, by statements of ours over udf.what_if."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from api.chat.results import QueryResult
from api.chat.tools.answers import Finding, ToolCallError, ToolContext, describe_result
from api.chat.tools.arguments import Arguments, OneOf, in_utc
from api.chat.tools.scope import Portfolio, Scope, notices_of, read_scope, result_as_of
from api.queries import load_query

ATTEMPTS: Final = 3
"""Readings of scope, trades and figures until all stand on one publication."""
SECTIONS: Final = ("exposures", "betas", "variance", "var", "stress", "concentration", "greeks", "liquidity")
DESCRIPTION: Final = (
    "What a portfolio of the user would be after hypothetical trades at the close: before, after and change "
    "of exposures, betas, volatility (variance), value at risk (var), stress, concentration, Greeks and "
    "liquidity. Nothing is written or ordered: say so. Units are in the rows; ratios are fractions, losses "
    "positive in var and negative in stress. It is no advice to trade."
)
_TRADES = load_query("chat_what_if_trades")
_FIGURES = load_query("chat_what_if")


class AskedTrade(Arguments):
    """One trade: what, and one way of saying how much."""

    symbol: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        description="A stock or fund, or the OCC symbol of an option that the portfolio holds."
    )
    quantity: float | None = Field(
        ge=-1e12, le=1e12, allow_inf_nan=False, description="The change: bought, or negative for sold."
    )
    target_weight: float | None = Field(
        ge=-100, le=100, allow_inf_nan=False, description="Or: market value to equity afterwards, a fraction."
    )
    close: bool | None = Field(description="Or: true to close all of it.")

    def as_asked(self) -> dict[str, Any]:
        """As udf.what_if_trades takes it. Raises ToolCallError unless it is sized in one way."""
        sizes: dict[str, Any] = {"quantity": self.quantity, "target_weight": self.target_weight}
        given = {name: size for name, size in sizes.items() if size is not None}
        if self.close:
            given["close"] = True
        if len(given) != 1:
            raise ToolCallError(f"Size {self.symbol} in one way: quantity, target_weight or close.")
        return {"symbol": self.symbol, **given}


class WhatIfArguments(Arguments):
    """Arguments of the tool."""

    portfolio: str | None = Field(
        description="Name of the portfolio, its unique beginning, or its id; null: the portfolio of the "
        "conversation, or the only one."
    )
    as_of: date | None = Field(
        description="Trade at the close of the last session on or before this date; null: the last one."
    )
    published_at: Annotated[datetime, AfterValidator(in_utc)] | None = Field(
        description="Only on figures that were published at an earlier instant (ISO 8601); else null."
    )
    trades: list[AskedTrade] = Field(description="The trades; quantities of a symbol add up.")
    cash: Annotated[str, OneOf(("absorb", "fixed"))] = Field(
        description="absorb: cash pays for the trades (usual). fixed: cash stays, and equity changes."
    )
    section: Annotated[str, OneOf(SECTIONS)] | None = Field(
        description="One kind of figures in full; null: the main ones, and the ten worst scenarios."
    )


async def run_what_if(arguments: WhatIfArguments, context: ToolContext) -> Finding:
    """Answer with trades and figures. Raises ToolCallError, and what ChatReader.run_trusted raises."""
    most = context.settings.what_if_trades
    if len(arguments.trades) > most:
        raise ToolCallError(
            f"{len(arguments.trades)} trades are more than the {most} allowed; ask for fewer."
        )
    trades = json.dumps([trade.as_asked() for trade in arguments.trades])
    portfolio, made, figures = await _read(arguments, trades, context)
    body = {
        "portfolio": portfolio.name,
        "cash": arguments.cash,
        "trades": describe_result(made),
        **describe_result(figures),
        "notices": notices_of((portfolio,), with_quality=True),
    }
    return Finding(body, (made, figures), "what_if")


async def _read(
    arguments: WhatIfArguments, trades: str, context: ToolContext
) -> tuple[Portfolio, QueryResult, QueryResult]:
    """Read scope, trades and figures, again if a publication came between them."""
    for _ in range(ATTEMPTS):
        scope = await read_scope(context, arguments.as_of, arguments.published_at)
        portfolio, session = _choose(arguments, scope, context)
        parameters = {
            "portfolio_id": str(portfolio.portfolio_id),
            "as_of_date": session.isoformat(),
            "trades": trades,
            "cash": arguments.cash,
        }
        at = {"published_at": arguments.published_at}
        made = await context.reader.run_trusted(context.user, _TRADES, parameters, **at)
        _refuse(made)
        figures = await context.reader.run_trusted(
            context.user, _FIGURES, {**parameters, "section": arguments.section}, **at
        )
        if made.publication_id == figures.publication_id == scope.publication_id:
            return portfolio, result_as_of(made, session), result_as_of(figures, session)
    raise ToolCallError("New figures are being published just now; ask again.")


def _choose(arguments: WhatIfArguments, scope: Scope, context: ToolContext) -> tuple[Portfolio, date]:
    chosen = scope.choose(arguments.portfolio, context.portfolio_id)
    if len(chosen) > 1:
        raise ToolCallError("A what-if is of one portfolio; name one, and ask again for another.")
    session, _ = scope.begun(chosen)
    return chosen[0], session


def _refuse(made: QueryResult) -> None:
    """Raise ToolCallError for the trades that cannot be made."""
    place = made.columns.index("message")
    refused = [str(row[place]) for row in made.rows if row[place] is not None]
    if refused:
        raise ToolCallError(" ".join(refused))
