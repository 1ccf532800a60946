"""Response models of prices by symbol: benchmarks, quotes, factor ETFs."""

from datetime import date, datetime

from api.schemas.common import PriceNotice, PriceSource, ResponseModel, described

Day = date  # a field named date hides the type
PRICE_SOURCES = "Source of the price: yfinance, files, simulated, ..."


class Bars(ResponseModel):
    """Daily bars, oldest first: arrays of equal length. Prices as traded, in USD."""

    dates: list[date] = described("Sessions.", ["2025-09-11", "2025-09-12"])
    open: list[float | None] = described("First price.", [655.1, 656.9])
    high: list[float | None] = described("Highest price.", [657.3, 659.1])
    low: list[float | None] = described("Lowest price.", [653.6, 655.9])
    close: list[float] = described("Close.", [656.4, 657.4])
    volume: list[float | None] = described("Shares traded.", [69934400, 72708500])


class BenchmarkMetadata(ResponseModel):
    """What the bars cover."""

    lookback_days: int = described("Calendar days looked back, including the session's own day.", 150)
    as_of_date: date = described("The session that the lookback starts from.", "2025-09-12")
    start_date: date | None = described("First session of the bars; null if there are none.", "2025-04-16")
    end_date: date | None = described("Last session of the bars; null if there are none.", "2025-09-12")
    trading_days_found: int = described("Sessions with a price.", 103)
    first_date: date | None = described("First known price; null if there are none.", "2024-06-03")
    last_date: date | None = described("Last price up to the session; null if there are none.", "2025-09-12")
    price_source: PriceSource
    price_notice: PriceNotice


class BenchmarkPrices(ResponseModel):
    """Daily bars of one symbol."""

    symbol: str = described("The symbol.", "SPY")
    available: bool = described("There is a price in these days.", True)
    message: str | None = described("Why not, as a sentence; null if there is.", None)
    metadata: BenchmarkMetadata
    data: Bars


class PriceQuote(ResponseModel):
    """The last close of a symbol. USD per share."""

    symbol: str = described("The symbol.", "AAPL")
    last_price: float = described("The close.", 234.1)
    previous_close: float | None = described(
        "Close of the session before, in today's shares; null after a gap.", 230.0
    )
    volume: float | None = described("Shares traded.", 55824200)
    day_change: float | None = described("last_price minus previous_close.", 4.1)
    day_change_percent: float | None = described("The same in %.", 1.7826)
    day_open: float | None = described("First price of the session.", 230.4)
    day_high: float | None = described("Highest price of the session.", 234.9)
    day_low: float | None = described("Lowest price of the session.", 229.7)
    week_52_high: float | None = described("Highest price of 365 days, in today's shares.", 260.1)
    week_52_low: float | None = described("Lowest price of 365 days, in today's shares.", 169.2)
    timestamp: datetime = described("The close of the price's session, UTC.", "2025-09-12T20:00:00Z")
    price_date: date = described(
        "The price's session: earlier than requested if prices are late.", "2025-09-12"
    )
    price_source: str = described(PRICE_SOURCES, "simulated")
    bid: float | None = described("Null: no source provides it.", None)
    ask: float | None = described("Null: no source provides it.", None)


class QuotesMetadata(ResponseModel):
    """What was requested and found."""

    requested_symbols: list[str] = described("The symbols, each once.", ["AAPL"])
    successful_quotes: int = described("Symbols with a price.", 1)
    failed_quotes: int = described("Symbols without one in the last 365 days.", 0)
    failed_symbols: list[str] = described("Which ones.", [])
    timestamp: datetime = described("The close of the session, UTC.", "2025-09-12T20:00:00Z")
    as_of_date: date = described("The session.", "2025-09-12")
    is_realtime: bool = described("False: these are closes.", False)
    price_source: PriceSource
    price_notice: PriceNotice


class PriceQuotes(ResponseModel):
    """Closes of the last session, labelled as such."""

    quotes: list[PriceQuote]
    metadata: QuotesMetadata


class FactorEtf(ResponseModel):
    """The ETF of a factor, at its last close. USD per share."""

    factor_name: str = described("The factor.", "Value")
    symbol: str = described("The ETF.", "VTV")
    name: str | None = described("The ETF's own name; null without a profile.", "Vanguard Value ETF")
    current_price: float = described("The close.", 183.2)
    open: float | None = described("First price of the session.", 182.8)
    high: float | None = described("Highest price.", 183.9)
    low: float | None = described("Lowest price.", 182.1)
    volume: float | None = described("Shares traded.", 2104500)
    date: Day = described("The session of the price.", "2025-09-12")
    updated_at: datetime = described("When it was published, UTC.", "2025-09-13T00:10:00Z")
    data_source: str = described(PRICE_SOURCES, "simulated")
    history: Bars | None


class FactorEtfMetadata(ResponseModel):
    """What was requested and found."""

    factor_model: str | None = described(
        "The factor models that use the ETFs; null if none matches.", "market, risk"
    )
    etf_count: int = described("ETFs with a price.", 7)
    timestamp: datetime = described("When the newest publication was made, UTC.", "2025-09-13T00:10:00Z")
    as_of_date: date = described("The session.", "2025-09-12")
    lookback_days: int | None = described("Calendar days of history; null if not requested.", None)
    without_prices: list[str] = described(
        "Factors without an ETF, or whose ETF has no price in the last month.", ["Interest Rate"]
    )
    price_source: PriceSource
    price_notice: PriceNotice


class FactorEtfPrices(ResponseModel):
    """The ETFs of the factors."""

    metadata: FactorEtfMetadata
    data: dict[str, FactorEtf] = described(
        "By symbol.",
        {"VTV": {
            "factor_name": "Value",
            "symbol": "VTV",
            "name": "Vanguard Value ETF",
            "current_price": 183.2,
            "open": 182.8,
            "high": 183.9,
            "low": 182.1,
            "volume": 2104500,
            "date": "2025-09-12",
            "updated_at": "2025-09-13T00:10:00Z",
            "data_source": "simulated",
            "history": {
                "dates": ["2025-09-12"],
                "open": [182.8],
                "high": [183.9],
                "low": [182.1],
                "close": [183.2],
                "volume": [2104500],
            },
        }},
    )  # fmt: skip
