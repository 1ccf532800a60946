"""Short helpers for queries."""

from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


def rows(connection: Connection, query: str, values: Any = None) -> list[tuple[Any, ...]]:
    """All rows of the result."""
    return connection.execute(query.encode(), values).fetchall()


def row(connection: Connection, query: str, values: Any = None) -> tuple[Any, ...]:
    """The row of a query that always returns exactly one."""
    (answer,) = rows(connection, query, values)
    return answer


def value(connection: Connection, query: str, values: Any = None) -> Any:
    """The value of a query that always returns exactly one."""
    return row(connection, query, values)[0]
