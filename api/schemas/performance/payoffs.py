"""Response models of what options are worth when they expire."""

from datetime import date

from api.schemas.analytics_common import Analytic, Metadata
from api.schemas.common import ResponseModel, described


class PayoffPoint(ResponseModel):
    """Values at one price of the underlying; between two of them values are linear."""

    underlying_price: float = described("Price of the underlying at expiration, USD.", 250.0)
    options_value: float = described("Value of the options then, USD.", -1200.0)
    options_pnl: float = described("The same less their market value at the close, USD.", 310.0)
    shares_value: float = described("Value of the shares held beside them, USD; 0 without.", 25000.0)
    pnl: float = described("Options and shares less their market value at the close, USD.", 1903.0)


class Payoff(ResponseModel):
    """The options of one underlying that expire on one day."""

    underlying_symbol: str = described("The underlying.", "AAPL")
    expiration_date: date = described("Expiration of the options.", "2026-01-16")
    spot: float | None = described(
        "Price of the underlying at the close, USD; null where it was never priced, and then only strikes "
        "are listed.",
        234.07,
    )
    shares: float = described("Shares of the underlying that are held, signed; 0 without.", 100.0)
    points: list[PayoffPoint]


class PortfolioOptionPayoffs(Analytic):
    """Payoffs of a portfolio's options at expiration."""

    payoffs: list[Payoff]
    metadata: Metadata
