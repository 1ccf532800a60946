"""What a publication costs: the rows that it wrote, and the megabytes by which the published tables grew."""

from dataclasses import dataclass

from psycopg import sql

from flows.database import Connection, rows, value
from flows.wording import many

# Tables of facts, with their indexes and large values.
SIZE = """
select coalesce(sum(pg_catalog.pg_total_relation_size(oid)), 0)::bigint
from pg_catalog.pg_class
where relkind = 'r' and (relnamespace = 'published'::regnamespace or oid = 'ops.restatements'::regclass)
"""

TABLES = """
select relname::text from pg_catalog.pg_class
where relkind = 'r' and relnamespace = 'published'::regnamespace
order by relname
"""

RECORD = "update ops.publications set rows_written = %s, bytes_written = %s where publication_id = %s"


@dataclass(frozen=True)
class PublicationCost:
    """rows: published facts and restatements. size: bytes; 0 when space of removed rows was used again."""

    rows: int
    size: int

    def __str__(self) -> str:
        return f"{many(self.rows, 'row')}, {self.size / 1e6:,.1f} MB"


def read_size(connection: Connection) -> int:
    """Bytes of all published facts and restatements."""
    return int(value(connection, SIZE))


def record_cost(connection: Connection, publication_id: int, size_before: int) -> PublicationCost:
    """Measure a publication and record its cost. size_before: read_size before its build."""
    written = sum(_count(connection, table, publication_id) for table in published_tables(connection))
    written += _count(connection, sql.Identifier("ops", "restatements"), publication_id)
    cost = PublicationCost(written, max(0, read_size(connection) - size_before))
    connection.execute(RECORD, [cost.rows, cost.size, publication_id])
    return cost


def published_tables(connection: Connection) -> list[sql.Identifier]:
    """The tables of published facts."""
    return [sql.Identifier("published", name) for (name,) in rows(connection, TABLES)]


def _count(connection: Connection, table: sql.Identifier, publication_id: int) -> int:
    query = sql.SQL("select count(*) from {} where publication_id = %s").format(table)
    found = connection.execute(query, [publication_id]).fetchone()
    return 0 if found is None else int(found[0])
