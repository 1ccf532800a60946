"""Portfolios that are withheld; the incident ends when a build releases the portfolio."""

from collections.abc import Iterator

from flows.alarms.watches.watch import WARNING, Found, View, Watch
from flows.quarantine.withheld import read_withheld


def withheld_portfolios(view: View) -> Iterator[Found]:
    """Each portfolio that shows an earlier publication, because checks fail for it."""
    for portfolio in read_withheld(view.connection):
        yield Found(str(portfolio.portfolio_id), f"the portfolio {portfolio}")


WATCHES: tuple[Watch, ...] = (Watch("portfolio_withheld", WARNING, withheld_portfolios),)
