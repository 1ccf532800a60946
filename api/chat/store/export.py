"""All that the chat keeps of one user: to hand over, or to delete.

Tables are found in the catalog by their column user_id, so that a new one cannot be forgotten.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql

from api.chat.store.transactions import Transaction, Transactions

KEPT_FOR_THE_LIMIT = "usage"
TABLES = """
select c.relname as name, pg_catalog.array_agg(a.attname::text order by a.attnum) as columns
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid
join pg_catalog.pg_type as t on t.oid = a.atttypid
where c.relnamespace = 'chat'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    and t.typname not in ('vector', 'halfvec', 'tsvector')
group by c.relname
having pg_catalog.bool_or(a.attname = 'user_id')
order by c.relname
"""


class UserData:
    """Exports and deletes everything of a user. Raises ChatUnavailable when the database is down."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def export(self, user_id: UUID) -> dict[str, list[dict[str, Any]]]:
        """Return the user's rows by table, oldest first where a table tells, as JSON values."""
        texts = await self.export_texts(user_id)
        return {name: [json.loads(row) for row in rows] for name, rows in texts.items()}

    async def export_texts(self, user_id: UUID) -> dict[str, list[str]]:
        """Return the same rows as JSON texts: as values, small numbers take fifteen times as much memory."""
        async with self._transactions.as_user(user_id) as transaction:
            tables = await transaction.rows(TABLES)
            return {
                table["name"]: await _rows_of(transaction, user_id, table["name"], table["columns"])
                for table in tables
            }

    async def delete(self, user_id: UUID) -> dict[str, int]:
        """Delete the user's rows, and return their number by table.

        The token counts of the last two days, without content, stay for the limit of a day.
        """
        async with self._transactions.as_user(user_id) as transaction:
            tables = await transaction.rows(TABLES)
            names = [table["name"] for table in tables if table["name"] != KEPT_FOR_THE_LIMIT]
            counts = {name: await _count(transaction, user_id, name) for name in names}
            for name in names:
                await transaction.run_composed(
                    sql.SQL("delete from chat.{} where user_id = %(user_id)s").format(sql.Identifier(name)),
                    user_id=user_id,
                )
        return counts


async def document_parts(head: Mapping[str, str], rows: Mapping[str, Sequence[str]]) -> AsyncIterator[str]:
    """The document of an export, row by row. head: its first members."""
    yield f'{json.dumps(head)[:-1]}, "data": {{'
    for number, (name, texts) in enumerate(rows.items()):
        yield f"{', ' if number else ''}{json.dumps(name)}: ["
        for place, text in enumerate(texts):
            yield f", {text}" if place else text
        yield "]"
    yield "}}"


async def _rows_of(transaction: Transaction, user_id: UUID, table: str, columns: list[str]) -> list[str]:
    ordering = [name for name in ("created_at", "started_at", "ended_at", "position") if name in columns]
    fields = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(name), sql.Identifier(name)) for name in columns
    )
    statement = sql.SQL(
        "select json_build_object({})::text as row from chat.{} where user_id = %(user_id)s"
    ).format(fields, sql.Identifier(table))
    if ordering:
        statement += sql.SQL(" order by ") + sql.SQL(", ").join(map(sql.Identifier, ordering))
    return [row["row"] for row in await transaction.rows_composed(statement, user_id=user_id)]


async def _count(transaction: Transaction, user_id: UUID, table: str) -> int:
    (row,) = await transaction.rows_composed(
        sql.SQL("select count(*) from chat.{} where user_id = %(user_id)s").format(sql.Identifier(table)),
        user_id=user_id,
    )
    return int(row["count"])
