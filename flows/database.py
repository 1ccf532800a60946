"""Small questions to the database."""

from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


def rows(connection: Connection, query: str, values: Any = None) -> list[tuple[Any, ...]]:
    """All rows of the answer."""
    return connection.execute(query.encode(), values).fetchall()


def row(connection: Connection, query: str, values: Any = None) -> tuple[Any, ...]:
    """The one row of an answer that always has one."""
    (answer,) = rows(connection, query, values)
    return answer


def value(connection: Connection, query: str, values: Any = None) -> Any:
    """The one value of an answer that always has one."""
    return row(connection, query, values)[0]
