"""What a failed build means for the run: which portfolios are withheld, and whether that is news."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from uuid import UUID

from flows.database import value
from flows.errors import BuildError, PortfolioWithheldError
from flows.pipeline.lock import process_name
from flows.pipeline.window import Window
from flows.quarantine.failures import Failures, find_failures
from flows.quarantine.suspects import find_suspects
from flows.quarantine.withheld import read_withheld
from warehouse.connections import Warehouse

# A failure of all of them has a shared cause.
OTHER_PORTFOLIOS = """
select exists (
    select from raw.newest_portfolios
    where (removed_on is null or removed_on > %s) and portfolio_id <> all(%s)
)
"""


def failure_of(
    warehouse: Warehouse, window: Window, settings: Mapping[str, str], error: BuildError
) -> Failures | None:
    """The portfolios to withhold after a failed build; None if its cause is shared."""
    if error.report is None:
        return None
    with warehouse.connect_writer(application_name=process_name("quarantine")) as connection:
        if error.report.errors:
            failures = find_suspects(connection, error.report, window)
        else:
            failures = find_failures(connection, error.report, settings)
        if failures is None or not failures.keys().isdisjoint(window.withheld):
            return None
        out = [*window.withheld, *failures]
        if window.market_from_date and not value(connection, OTHER_PORTFOLIOS, [window.to_date, out]):
            return None
    return failures


def are_withheld(warehouse: Warehouse, portfolios: AbstractSet[UUID], failures: Failures) -> bool:
    """Whether all of these withheld portfolios fail as before: nothing new is to be published."""
    with warehouse.connect_writer(application_name=process_name("plan"), autocommit=True) as connection:
        withheld = {each.portfolio_id: each.failure for each in read_withheld(connection)}
    return all(failures.get(key) == withheld.get(key) is not None for key in portfolios)


def withheld_ids(warehouse: Warehouse) -> frozenset[UUID]:
    """The portfolios that are withheld now."""
    with warehouse.connect_writer(application_name=process_name("plan"), autocommit=True) as connection:
        return frozenset(each.portfolio_id for each in read_withheld(connection))


def check_released(warehouse: Warehouse, portfolio_id: UUID) -> None:
    """Raise PortfolioWithheldError if the portfolio is withheld."""
    with warehouse.connect_writer(application_name=process_name("plan"), autocommit=True) as connection:
        for each in read_withheld(connection):
            if each.portfolio_id == portfolio_id:
                raise PortfolioWithheldError(f"The portfolio is withheld: {each}")
