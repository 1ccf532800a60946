"""Comparison of the reference with marts: all differences are collected, so that one run shows them all."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from warehouse.connections import Warehouse

CENT = 0.01
STATISTIC = 1e-6
SMALLEST = 1e-12  # rounding of a figure that is zero


class Marts:
    """Rows of the marts on chosen dates."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def rows(self, mart: str, day: date | None = None) -> pd.DataFrame:
        """All rows of a mart, or those of a day."""
        condition = "" if day is None else f" where as_of_date = '{day}'"
        with self._warehouse.connect_analyst() as connection:
            cursor = connection.execute(f"select * from marts.{mart}{condition}".encode())
            return pd.DataFrame(cursor.fetchall(), columns=[each.name for each in cursor.description])

    def by(self, mart: str, day: date, *keys: str) -> dict[Any, dict[str, Any]]:
        """Rows of a day by the values of their keys."""
        rows = self.rows(mart, day).to_dict("records")
        return {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in rows}

    def days(self) -> list[date]:
        """Published sessions."""
        return sorted(self.rows("fct_portfolio_snapshots")["as_of_date"].unique())


def is_null(value: Any) -> bool:
    return value is None or (not isinstance(value, str) and bool(pd.isna(value)))


class Comparison:
    """Differences between expected figures and those of marts."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.compared = 0

    def row(
        self, where: str, expected: Mapping[str, Any], found: Mapping[str, Any], **tolerance: float
    ) -> None:
        """Every expected figure of a row; tolerance: absolute or relative."""
        for name, value in expected.items():
            self.value(f"{where} {name}", value, found[name], **tolerance)

    def money(self, where: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self.row(where, expected, found, absolute=CENT)

    def statistics(self, where: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self.row(where, expected, found, relative=STATISTIC)

    def value(
        self, where: str, expected: Any, found: Any, *, absolute: float = 0.0, relative: float = 0.0
    ) -> None:
        """One figure, or a text."""
        self.compared += 1
        if is_null(expected) or is_null(found):
            agrees = is_null(expected) and is_null(found)
        elif isinstance(expected, str | bool) or isinstance(found, str):
            agrees = expected == found
        else:
            reference, mart = float(expected), float(found)
            floor = SMALLEST if relative else 0.0
            room = max(absolute * (1 + 1e-9), relative * abs(reference), floor)
            agrees = math.isclose(reference, mart, rel_tol=1e-15, abs_tol=room)
        if not agrees:
            self.differences.append(f"{where}: reference {expected}, mart {found}")

    def keys(self, where: str, expected: set[Any], found: set[Any]) -> None:
        self.compared += 1
        for key in sorted(map(str, expected - found)):
            self.differences.append(f"{where}: no row {key} in the mart")
        for key in sorted(map(str, found - expected)):
            self.differences.append(f"{where}: no row {key} in the reference")

    def assert_none(self) -> None:
        """Fail with the differences, at least one figure having been compared."""
        assert self.compared
        count = len(self.differences)
        assert not count, f"{count} differences:\n" + "\n".join(self.differences[:40])
