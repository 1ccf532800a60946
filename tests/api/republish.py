"""A second publication of the last session without a build: other figures under a new number.

Every published fact of the session is copied; equity and market values are shifted by an amount, so that
a response shows which publication its figures come from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from psycopg import sql

from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse

FACTS = """
select tables.table_name, array_agg(columns.column_name::text order by columns.ordinal_position)
from information_schema.tables as tables
join information_schema.columns as columns using (table_schema, table_name)
where
    tables.table_schema = 'published' and tables.table_type = 'BASE TABLE'
    and columns.is_generated = 'NEVER'
group by tables.table_name
having
    array_agg(columns.column_name::text) @> array['as_of_date', 'publication_id']
    and not array_agg(columns.column_name::text) @> array['is_removed']
"""

LAST = """
select as_of_date, publication_id from ops.publication_dates
where superseded_at is null order by as_of_date desc limit 1
"""

REINSTATE = [
    f"""
    update ops.{dates} set superseded_at = null
    where superseded_at = (select published_at from ops.publications where publication_id = %(number)s)
    """
    for dates in ("publication_dates", "portfolio_dates")
]

RESTATED = """
insert into ops.restatements (
    publication_id, as_of_date, mart, key, portfolio_id, column_name, old_value, new_value
)
select
    after.publication_id, after.as_of_date, 'fct_portfolio_snapshots', after.portfolio_id::text,
    after.portfolio_id, 'equity', before.equity::text, after.equity::text
from published.fct_portfolio_snapshots as after
join published.fct_portfolio_snapshots as before using (portfolio_id, as_of_date)
where after.publication_id = %s and before.publication_id = %s
"""

RESTATED_COUNTS = """
insert into ops.restatement_counts (
    publication_id, mart, column_name, portfolio_id, from_date, to_date, change_count, listed_count
)
select publication_id, mart, column_name, portfolio_id, min(as_of_date), max(as_of_date), count(*), count(*)
from ops.restatements where publication_id = %s group by publication_id, mart, column_name, portfolio_id
"""


def republish(connection: Connection, shift: Decimal) -> int:
    """Publish the last session again, with equity and each market value shifted by `shift` USD."""
    with connection.transaction():
        last, before = connection.execute(LAST).fetchone() or (None, 0)
        (number,) = connection.execute("select max(publication_id) + 1 from ops.publications").fetchone() or (
            0,
        )
        for table, columns in connection.execute(FACTS.encode()).fetchall():
            _copy(connection, table, columns, {"new": number, "old": before, "last": last})
        moved = {"fct_portfolio_snapshots": "equity", "int_position_values": "market_value"}
        for table, column in moved.items():
            statement = sql.SQL("update published.{} set {column} = {column} + %s where publication_id = %s")
            connection.execute(
                statement.format(sql.Identifier(table), column=sql.Identifier(column)), (shift, number)
            )
        connection.execute(RESTATED, (number, before))
        connection.execute(RESTATED_COUNTS, (number,))
        connection.execute("select ops.publish(%s, %s, %s, now(), null, null, 1, 0)", (number, last, last))
    return int(number)


def _copy(connection: Connection, table: str, columns: list[str], numbers: dict[str, object]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = sql.SQL(", ").join(
        sql.SQL("%(new)s") if column == "publication_id" else sql.Identifier(column) for column in columns
    )
    statement = sql.SQL(
        "insert into published.{} ({}) select {} from published.{}"
        " where publication_id = %(old)s and as_of_date = %(last)s"
    )
    connection.execute(statement.format(sql.Identifier(table), names, values, sql.Identifier(table)), numbers)


def take_back(connection: Connection, number: int) -> None:
    """Undo a publication: the one before it is in force again."""
    with connection.transaction():
        for table, _ in connection.execute(FACTS.encode()).fetchall():
            statement = sql.SQL("delete from published.{} where publication_id = %s")
            connection.execute(statement.format(sql.Identifier(table)), (number,))
        for statement in (
            "delete from ops.restatements where publication_id = %(number)s",
            "delete from ops.restatement_counts where publication_id = %(number)s",
            "delete from ops.publication_dates where publication_id = %(number)s",
            "delete from ops.portfolio_dates where publication_id = %(number)s",
            *REINSTATE,
            "delete from ops.publication_loads where publication_id = %(number)s",
            "delete from ops.publications where publication_id = %(number)s",
        ):
            connection.execute(statement.encode(), {"number": number})


@contextmanager
def republished(warehouse: Warehouse, shift: Decimal) -> Iterator[int]:
    """Publish the last session again for the duration of the context; yield the new number."""
    with warehouse.connect_writer(autocommit=True) as connection:
        number = republish(connection, shift)
        try:
            yield number
        finally:
            take_back(connection, number)
