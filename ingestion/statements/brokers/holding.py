"""Build a holding of a download that has a row per position, its cash, and the error of another currency."""

from decimal import Decimal

from ingestion.errors import PositionsFileError
from ingestion.market.symbols import CASH_SYMBOLS
from ingestion.statements.brokers.export import Holding
from ingestion.statements.brokers.notation import option_symbol, share_class


def cash(line: int, held: Decimal | str, account: str, symbol: str = "CASH_USD") -> Holding:
    """Cash or a money market fund, worth 1 USD per unit."""
    name = symbol if symbol in CASH_SYMBOLS else "CASH_USD"
    return Holding(line, name, held, cost=None, investment_class="PUBLIC", subtype="CASH", account=account)


def position(
    line: int,
    symbol: str,
    held: Decimal | str,
    *,
    cost: Decimal | None,
    market_price: Decimal | None,
    account: str = "",
    subtype: str = "",
) -> Holding:
    """A position, or cash if the symbol is that of a fund that brokers sweep cash into.

    symbol: as the broker writes it, options in its notation. cost, market_price: as in Holding.
    """
    name = share_class(symbol)
    if name in CASH_SYMBOLS:
        return cash(line, held, account, name)
    option = option_symbol(symbol)
    return Holding(
        line,
        option or name,
        held,
        cost=cost,
        market_price=market_price,
        investment_class="OPTIONS" if option else "",
        subtype="" if option else subtype,
        account=account,
    )


def foreign_currency(line: int, name: str, currency: str) -> PositionsFileError:
    """The error of a row in another currency than USD. currency: empty if the row names none."""
    sentence = f"{name} is in {currency or 'no currency'}, and only USD can be loaded; remove the row."
    return PositionsFileError("ERR_PORT_008", line, "Currency", currency or None, sentence)
