"""Compare rebuilt marts with what was published at an instant, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg import sql
from rich.console import Console
from rich.table import Table

from flows.database import Connection, rows

# Columns that identify the publication, which are not compared.
PUBLICATION_COLUMNS = ("publication_id", "published_at", "superseded_at")

# fct_data_quality counts a withheld portfolio on sessions that are built, and on earlier ones once released.
COUNTS_OF_PORTFOLIOS = ("used_by_portfolios",)

COMPARABLE = """
select
    published.table_name,
    array_agg(published.column_name::text order by published.ordinal_position),
    bool_or(published.column_name = 'as_of_date') and published.table_name not like 'dim%%',
    bool_or(published.column_name = 'portfolio_id')
from information_schema.columns as published
join information_schema.columns as rebuilt using (table_name, column_name)
where
    published.table_schema = 'marts_history'
    and rebuilt.table_schema = %s
    and published.column_name <> all(%s)
    and published.table_name <> 'fct_quarantine' -- an audit withholds nothing
group by published.table_name order by published.table_name
"""

COUNTS = """
with published as (
    select {columns} from marts_history.{mart}
    where
        published_at <= {at} and (superseded_at is null or superseded_at > {at})
        and {dates} and {portfolios}
),
rebuilt as (select {columns} from {schema}.{mart} where {dates})
select
    (select count(*) from published),
    (select count(*) from rebuilt),
    (select count(*) from (select * from published except all select * from rebuilt) as gone),
    (select count(*) from (select * from rebuilt except all select * from published) as new)
"""


@dataclass(frozen=True)
class MartComparison:
    """Row counts of one mart: published, rebuilt, and those that only one side has."""

    mart: str
    published: int
    rebuilt: int
    only_published: int
    only_rebuilt: int

    @property
    def equal(self) -> int:
        return self.published - self.only_published

    @property
    def is_equal(self) -> bool:
        return self.only_published == 0 and self.only_rebuilt == 0


def compare_marts(
    connection: Connection,
    *,
    schema: str,
    at: datetime,
    to_date: date,
    with_dimensions: bool,
    without: Sequence[UUID] = (),
) -> list[MartComparison]:
    """Compare each mart of `schema` with its history view at the instant `at`, for dates up to to_date.

    with_dimensions: also the marts without dates, which describe the last date only. without: portfolios that
    were not rebuilt.
    """
    hidden = [*PUBLICATION_COLUMNS, *(COUNTS_OF_PORTFOLIOS if without else ())]
    comparable = rows(connection, COMPARABLE, [schema, hidden])
    return [
        _compare(
            connection,
            schema=schema,
            mart=mart,
            columns=columns,
            at=at,
            to_date=to_date if is_dated else None,
            without=without if is_of_portfolios else (),
        )
        for mart, columns, is_dated, is_of_portfolios in comparable
        if is_dated or with_dimensions
    ]


def _compare(
    connection: Connection,
    *,
    schema: str,
    mart: str,
    columns: list[str],
    at: datetime,
    to_date: date | None,
    without: Sequence[UUID],
) -> MartComparison:
    dates = sql.SQL("true") if to_date is None else sql.SQL("as_of_date <= {}").format(sql.Literal(to_date))
    left_out = sql.SQL("portfolio_id <> all({})").format(sql.Literal(list(without)))
    portfolios = left_out if without else sql.SQL("true")
    query = sql.SQL(COUNTS).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        mart=sql.Identifier(mart),
        schema=sql.Identifier(schema),
        at=sql.Literal(at),
        dates=dates,
        portfolios=portfolios,
    )
    counts = connection.execute(query).fetchall()[0]
    return MartComparison(mart, *counts)


def print_comparison(console: Console, results: list[MartComparison]) -> None:
    """Print a table of the counts."""
    table = Table(title="Rebuilt against published, rows", title_justify="left", title_style="bold")
    table.add_column("mart")
    for name in ("published", "rebuilt", "equal", "only published", "only rebuilt"):
        table.add_column(name, justify="right")
    for result in results:
        counts = (result.published, result.rebuilt, result.equal, result.only_published, result.only_rebuilt)
        table.add_row(result.mart, *(f"{count:,}" for count in counts))
    console.print(table)
