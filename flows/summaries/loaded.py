"""The portfolios as they are loaded: whether they wait to be built, and whether their owner can log in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from flows.pipeline.lock import process_name
from flows.pipeline.nightly import trades_today
from flows.pipeline.onboarding import usual_source
from flows.source import Source
from warehouse.connections import Warehouse

LOADED = """
select
    portfolios.portfolio_id,
    portfolios.portfolio_name as name,
    portfolios.owner_email as owner,
    portfolios.inception_date as inception,
    portfolios.removed_on,
    users.is_active as may_log_in,
    exists (
        select from ops.load_portfolios
        inner join ops.loads using (load_id)
        where
            load_portfolios.portfolio_id = portfolios.portfolio_id
            and loads.status = 'succeeded'
            and not exists (
                select from ops.publication_loads as published where published.load_id = loads.load_id
            )
    ) as is_waiting,
    quarantines.reason as withheld_reason
from raw.newest_portfolios as portfolios
left join ops.quarantines
    on quarantines.portfolio_id = portfolios.portfolio_id and quarantines.superseded_at is null
left join ops.users on users.email = portfolios.owner_email
where %(portfolio_ids)s::uuid[] is null or portfolios.portfolio_id = any(%(portfolio_ids)s)
order by portfolios.portfolio_name, portfolios.owner_email
"""

HOW: dict[Source | None, str] = {Source.SIMULATED: " --source simulated", Source.VENDORS: " --source vendors"}
FROM_FILES = " --source files --prices FOLDER"


@dataclass(frozen=True)
class LoadedPortfolio:
    """A portfolio as it was last loaded.

    may_log_in: of its owner's account; None without an account. is_waiting: a load of it is not built yet.
    withheld_reason: why it is withheld; None if it is not.
    """

    portfolio_id: UUID
    name: str
    owner: str
    inception: date
    removed_on: date | None
    may_log_in: bool | None
    is_waiting: bool
    withheld_reason: str | None = None

    def login_sentence(self) -> str | None:
        """What to run so that the owner can log in; None if they can."""
        if self.may_log_in:
            return None
        if self.may_log_in is None:
            return f"{self.owner} cannot log in: `sigmasight users add {self.owner}` adds the account"
        return f"{self.owner} is disabled: `sigmasight users enable {self.owner}`"


def read_loaded(warehouse: Warehouse, portfolio_ids: Sequence[UUID] | None = None) -> list[LoadedPortfolio]:
    """The loaded portfolios by name, removed ones included. portfolio_ids: default all."""
    name = process_name("summary")
    with warehouse.connect_writer(application_name=name, autocommit=True) as connection:
        cursor = connection.cursor(row_factory=class_row(LoadedPortfolio))
        asked = None if portfolio_ids is None else list(portfolio_ids)
        return cursor.execute(LOADED, {"portfolio_ids": asked}).fetchall()


def next_command(warehouse: Warehouse) -> str:
    """The command that fetches what new portfolios lack, builds them and publishes, as of today."""
    source = usual_source(warehouse)
    how = HOW.get(source, FROM_FILES)
    return f"sigmasight nightly{how}" + ("" if trades_today(warehouse) else " --force")
