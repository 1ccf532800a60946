"""What a broker's position download says, in our terms but with the broker's gaps."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ingestion.errors import PositionsFileError


@dataclass(frozen=True)
class Holding:
    """One row of a download.

    quantity: signed, as text where it is no number. cost: USD per share (or per contract / 100), None where
    the download has none. market_price: the download's own price of its day, in the same unit. entry_date:
    only where the download lists lots. investment_class, subtype: as the positions file writes them, '' to
    detect.
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
        """Whether it is cash, which is worth 1 and needs neither date nor price."""
        return self.subtype == "CASH"


@dataclass(frozen=True)
class Export:
    """A download that was read. as_of: the day it speaks of, if it says. errors: rows that cannot be used."""

    broker: str
    as_of: date | None
    holdings: tuple[Holding, ...]
    notices: tuple[str, ...] = ()
    errors: tuple[PositionsFileError, ...] = field(default=())

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts it lists, in its order."""
        return tuple(dict.fromkeys(holding.account for holding in self.holdings))
