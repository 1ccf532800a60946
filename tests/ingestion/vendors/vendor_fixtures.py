"""The fake vendors with two shares that all of them have, and functions to load from them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yfinance

from ingestion.raw.loads import Connection, LoadReport
from ingestion.vendors.load import load_symbols, load_vendors
from ingestion.vendors.registry import Vendors, make_vendors
from tests.ingestion.vendors.loopback import FakeClock, serving
from tests.ingestion.vendors.vendor_servers import FakeFmp, FakeFred, FakePolygon, FmpShare
from tests.ingestion.vendors.yahoo_server import FakeYahoo, Share
from warehouse.settings import Settings

START = date(2025, 6, 2)
DAYS = [date(2025, 6, day) for day in (2, 3, 4, 5, 6, 9, 10)]
NOW = datetime(2025, 6, 10, 23, 30, tzinfo=UTC)
KEYS = {"fmp_api_key": "fmp-key", "polygon_api_key": "polygon-key", "fred_api_key": "fred-key"}


def closes(*levels: Any) -> dict[date, Any]:
    """The levels on DAYS, from the first."""
    return dict(zip(DAYS, levels, strict=False))


AAA, BBB = (100, 101, 102, 103, 104, 105, 106), (10, 11, 12, 13, 14, 15, 16)


@dataclass
class Market:
    """The fake vendors, the clock they share with the clients, and the settings that point to them."""

    yahoo: FakeYahoo = field(
        default_factory=lambda: FakeYahoo(shares={"AAA": Share(closes(*AAA)), "BBB": Share(closes(*BBB))})
    )
    fmp: FakeFmp = field(
        default_factory=lambda: FakeFmp(shares={"AAA": FmpShare(closes(*AAA)), "BBB": FmpShare(closes(*BBB))})
    )
    polygon: FakePolygon = field(default_factory=FakePolygon)
    fred: FakeFred = field(default_factory=FakeFred)
    clock: FakeClock = field(default_factory=FakeClock)

    def settings(self, **changes: Any) -> Settings:
        """The settings of a night, with keys unless they are set to None."""
        given = {
            **KEYS,
            "yahoo_url": self.yahoo.url,
            "fmp_url": self.fmp.url,
            "polygon_url": self.polygon.url,
            "fred_url": self.fred.url,
            "vendor_timeout_seconds": 2.0,
            **changes,
        }
        return Settings(**{name: value for name, value in given.items() if value is not None})

    def vendors(self, **changes: Any) -> Vendors:
        """New clients, as for a new run."""
        return make_vendors(self.settings(**changes), clock=self.clock)

    def load(
        self, connection: Connection, *symbols: str, start: date | None = START, **changes: Any
    ) -> list[LoadReport]:
        """Prices and profiles of these symbols."""
        return load_symbols(connection, self.vendors(**changes), symbols, start=start, now=NOW)

    def night(self, connection: Connection, **changes: Any) -> list[LoadReport]:
        """All datasets of all holdings."""
        return load_vendors(connection, self.vendors(**changes), now=NOW)


@contextmanager
def open_market(folder: Path) -> Iterator[Market]:
    """Serve all of them; folder: for yfinance's cache of time zones."""
    yfinance.set_tz_cache_location(str(folder))
    market = Market()
    with ExitStack() as stack:
        for vendor in (market.yahoo, market.fmp, market.polygon, market.fred):
            stack.enter_context(serving(vendor))
        yield market


def stored(connection: Connection, symbol: str) -> list[tuple[str, float]]:
    """(source, close) of each session of a symbol, newest rows."""
    return [
        (source, float(close))
        for source, close in connection.execute(
            "select source, close from (select distinct on (price_date) price_date, source, close "
            "from raw.prices where symbol = %s order by price_date, load_id desc) as newest "
            "order by price_date",
            [symbol],
        )
    ]


def sources(connection: Connection, symbol: str) -> list[str]:
    """The source of each session of a symbol."""
    return [source for source, _ in stored(connection, symbol)]


def refused(connection: Connection) -> set[tuple[str, str, str]]:
    """(source, reason, symbol) of the rejected rows."""
    return set(
        connection.execute(
            "select distinct source, reason, regexp_replace(detail, '[ :].*', '') "
            "from ops.rejected_rows inner join ops.loads using (load_id)"
        ).fetchall()
    )


def outcomes(connection: Connection, dataset: str = "prices") -> list[tuple[str, str]]:
    """(source, status) of the loads, in order."""
    return connection.execute(
        "select source, status from ops.loads where dataset = %s order by load_id", [dataset]
    ).fetchall()  # type: ignore[return-value]
