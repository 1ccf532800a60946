"""Whether two results say the same: equal cells, columns by meaning, order only if asked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isclose

from api.chat.evaluation.questions import Alternative, Question
from api.chat.results import Cell, QueryResult

TOLERANCE = 1e-9

Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Named columns and their rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> tuple[Cell, ...]:
        """The cells of a column. Raises ValueError if there is none of that name."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)

    def only(self, names: Sequence[str]) -> "Table":
        """The table with these columns, in this order; one without rows has any. Raises ValueError."""
        if not self.rows:
            return Table(tuple(names), ())
        places = [self.columns.index(name) for name in names]
        return Table(tuple(names), tuple(tuple(row[place] for place in places) for row in self.rows))


def table_of(result: QueryResult) -> Table:
    """The whole result."""
    return Table(result.columns, result.rows)


def meant_rows(table: Table, alternative: Alternative) -> Table:
    """The rows of an accepted result that a question asks for."""
    rows = list(table.rows)
    if not rows:
        return table
    for name, value in alternative.where.items():
        place = table.columns.index(name)
        rows = [row for row in rows if str(row[place]) == value]
    if alternative.first is not None:
        rows = rows[: alternative.first]
    if alternative.last is not None:
        rows = rows[-alternative.last :]
    return Table(table.columns, tuple(rows))


def is_absent(table: Table, columns: Sequence[str]) -> bool:
    """Whether no figure is there: no rows, or nulls in all columns that are asked for."""
    return all(cell is None for name in columns for cell in table.column(name)) if table.rows else True


def says_the_same(expected: Table, found: Table, *, ordered: bool) -> bool:
    """Whether `found` has the columns of `expected`, under whatever names, with equal rows.

    A column of the same name is preferred; else any column with the same cells can stand for it.
    """
    if len(expected.rows) != len(found.rows):
        return False
    if not expected.rows:
        return True
    same = _equal_in_order if ordered else _equal_in_any_order
    return any(same(expected.rows, rows) for rows in _candidates(expected, found, same))


def answers_question(question: Question, expected: Sequence[Table], found: Sequence[Table]) -> bool:
    """Whether a result says what one of the accepted results does, or single rows do together."""
    single = [table for table in found if len(table.rows) == 1]
    joined = Table(
        tuple(name for table in single for name in table.columns),
        (tuple(cell for table in single for cell in table.rows[0]),) if single else (),
    )
    return any(
        says_the_same(table, candidate, ordered=question.is_ordered)
        for table in expected
        for candidate in (*found, joined)
    )


def cells_are_equal(one: Cell, other: Cell) -> bool:
    """Whether two cells are equal: numbers within 1e-9 of the larger, or of 1."""
    if _is_number(one) and _is_number(other):
        return isclose(float(one or 0), float(other or 0), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(one) is type(other) and one == other


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | Decimal) and not isinstance(cell, bool)


Same = Callable[[Sequence[Row], Sequence[Row]], bool]


def _candidates(expected: Table, found: Table, same: Same) -> Iterator[list[Row]]:
    """The rows of `found` in each choice of columns that could stand for the expected ones."""
    choices = [_places(expected.column(name), name, found, same) for name in expected.columns]
    for places in _combinations(choices, ()):
        yield [tuple(row[place] for place in places) for row in found.rows]


def _places(cells: Sequence[Cell], name: str, found: Table, same: Same) -> list[int]:
    """The columns of `found` with these cells, the one with this name first."""
    wanted = [(cell,) for cell in cells]
    equal = [
        place for place in range(len(found.columns)) if same(wanted, [(row[place],) for row in found.rows])
    ]
    return sorted(equal, key=lambda place: found.columns[place] != name)


def _combinations(choices: Sequence[list[int]], chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not choices:
        yield chosen
        return
    for place in choices[0]:
        if place not in chosen:
            yield from _combinations(choices[1:], (*chosen, place))


def _equal_in_order(one: Sequence[Row], other: Sequence[Row]) -> bool:
    return all(_rows_are_equal(*pair) for pair in zip(one, other, strict=True))


def _equal_in_any_order(one: Sequence[Row], other: Sequence[Row]) -> bool:
    left = list(other)
    for row in one:
        place = next((place for place, candidate in enumerate(left) if _rows_are_equal(row, candidate)), None)
        if place is None:
            return False
        del left[place]
    return True


def _rows_are_equal(one: Row, other: Row) -> bool:
    return all(cells_are_equal(*pair) for pair in zip(one, other, strict=True))
