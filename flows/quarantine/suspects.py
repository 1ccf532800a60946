"""Which portfolios an error of a model may come from: those whose data changed since the last publication.

An error has no rows that name a portfolio. If the build of the others succeeds, one of the suspects is the
cause: they are built again in smaller and smaller groups (see nightly.try_again), until only it is withheld.
"""

from flows.database import Connection, rows
from flows.dbt.runner import BuildReport
from flows.pipeline.window import UNPUBLISHED_PORTFOLIO_LOADS, Window
from flows.quarantine.failures import Failure, Failures


def find_suspects(connection: Connection, report: BuildReport, window: Window) -> Failures | None:
    """The portfolios to withhold after an error; None if there are none, or a group of them is built."""
    if window.is_partial:
        suspects = {*window.portfolios}
        if len(suspects) > 1:
            return None
    else:
        loaded = rows(connection, UNPUBLISHED_PORTFOLIO_LOADS, [window.known_at])
        suspects = {portfolio_id for portfolio_id, _ in loaded} - window.withheld.keys()
    failure = Failure.of_error(node.name for node in report.errors)
    return dict.fromkeys(suspects, failure) or None
