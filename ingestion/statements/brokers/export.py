"""The content of a broker's position download, in our terms but with the broker's gaps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ingestion.errors import PositionsFileError


@dataclass(frozen=True)
class Holding:
    """One row of a download.

    quantity: signed; the text if it is not a number. cost: USD per share (or per contract / 100), None if the
    download has none. market_price: the download's own price on its date, in the same unit. entry_date: only
    if the download lists lots. investment_class, subtype: as in the positions file, '' to detect them.
    """

    line: int
    symbol: str
    quantity: Decimal | str
    cost: Decimal | None
    market_price: Decimal | None = None
    entry_date: date | None = None
    investment_class: str = ""
    subtype: str = ""
    account: str = ""

    @property
    def is_cash(self) -> bool:
        """Whether it is cash, which has the price 1 and needs neither date nor price."""
        return self.subtype == "CASH"


@dataclass(frozen=True)
class Export:
    """A parsed download. as_of: its date, if it has one. errors: rows that cannot be used.

    account_values: the total that the download states, USD, by account.
    needs_currency: whether its amounts are in a currency that it does not name.
    """

    broker: str
    as_of: date | None
    holdings: tuple[Holding, ...]
    notices: tuple[str, ...] = ()
    errors: tuple[PositionsFileError, ...] = field(default=())
    account_values: Mapping[str, Decimal] = field(default_factory=dict)
    needs_currency: bool = False

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts, in the order of the download."""
        return tuple(dict.fromkeys(holding.account for holding in self.holdings))
