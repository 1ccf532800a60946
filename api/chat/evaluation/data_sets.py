"""The data sets of the evaluation: portfolios of the demo that differ in kind and time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from api.auth.users import User
from api.chat.evaluation.accepted import DataSet
from api.chat.sql.executor import ChatReader
from api.chat.tools.answers import ToolContext
from api.chat.tools.scope import read_scope
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

FindUser = Callable[[str], Awaitable[User | None]]


class DataSetMissingError(SigmaSightError):
    """The warehouse does not hold a data set of the evaluation."""


@dataclass(frozen=True)
class DataSetName:
    """Where a data set is found. as_of: its session; None: the last one."""

    name: str
    email: str
    portfolio_name: str
    as_of: date | None = None


DEMO = (
    DataSetName("demo", "demo_hedgefundstyle@sigmasight.com", "Demo Hedge Fund Style Investor Portfolio"),
    DataSetName(
        "past", "demo_hnw@sigmasight.com", "Demo High Net Worth Investor Portfolio", date(2025, 7, 31)
    ),
    DataSetName("private", "demo_familyoffice@sigmasight.com", "Demo Family Office Private Opportunities"),
)
"""Long, short and options; half private, one month after its beginning; private only."""


async def find_data_set(
    where: DataSetName, find_user: FindUser, reader: ChatReader, settings: Settings
) -> DataSet:
    """Look up the user, the portfolio and the session. Raises DataSetMissingError."""
    user = await find_user(where.email)
    if user is None:
        message = f"There is no user {where.email}: evaluate on the demo (`sigmasight demo`)."
        raise DataSetMissingError(message)
    scope = await read_scope(
        ToolContext(user=user, reader=reader, settings=settings), where.as_of, published_at=None
    )
    for portfolio in scope.portfolios:
        if portfolio.name == where.portfolio_name and scope.session is not None:
            return DataSet(where.name, user, portfolio.portfolio_id, portfolio.name, scope.session)
    message = f"{where.email} has no portfolio {where.portfolio_name!r} on that date."
    raise DataSetMissingError(message)
