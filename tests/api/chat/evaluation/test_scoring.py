"""When two results say the same: equal cells, columns by meaning, order only if asked."""

from decimal import Decimal

import pytest

from api.chat.evaluation.questions import Alternative, Question
from api.chat.evaluation.scoring import (
    Table,
    answers_question,
    cells_are_equal,
    is_absent,
    meant_rows,
    says_the_same,
)
from api.chat.results import Cell

PNL = Table(("month", "pnl"), (("2025-07-01", Decimal("10.5")), ("2025-08-01", Decimal(-3))))


def same(found: Table, *, ordered: bool = False, expected: Table = PNL) -> bool:
    return says_the_same(expected, found, ordered=ordered)


def question(*columns: str) -> Question:
    return Question("id", "group", "?", "figures", None, columns, (), is_ordered=False, accepted=())


def test_names_places_and_more_columns_do_not_matter() -> None:
    found = Table(("x", "sum", "m"), tuple((1, row[1], row[0]) for row in PNL.rows))
    assert same(found)


def test_order_matters_only_if_asked() -> None:
    found = Table(PNL.columns, PNL.rows[::-1])
    assert same(found)
    assert not same(found, ordered=True)


@pytest.mark.parametrize(
    "rows",
    [
        PNL.rows[:1],
        (*PNL.rows, PNL.rows[0]),
        (PNL.rows[0], PNL.rows[0]),
        (("2025-07-01", Decimal(-3)), ("2025-08-01", Decimal("10.5"))),
        (("2025-07-01", Decimal("10.5")), ("2025-08-01", Decimal(3))),
        (("2025-07-01", Decimal("10.5")), ("2025-08-01", None)),
        (("2025-07-01", Decimal("10.5")), ("2025-08-01", "-3")),
    ],
)
def test_another_result_is_another(rows: tuple[tuple[Cell, ...], ...]) -> None:
    assert not same(Table(PNL.columns, rows))


def test_a_column_is_used_once() -> None:
    twice = Table(("a", "b"), ((1, 1), (2, 2)))
    assert not same(Table(("a",), ((1,), (2,))), expected=twice)
    assert same(Table(("x", "y"), ((1, 1), (2, 2))), expected=twice)


def test_columns_are_matched_row_by_row() -> None:
    """Both columns have the right cells, but not beside each other."""
    expected = Table(("a", "b"), ((1, 10), (2, 20)))
    assert not same(Table(("a", "b"), ((1, 20), (2, 10))), expected=expected)
    assert same(Table(("a", "b", "c"), ((1, 20, 10), (2, 10, 20))), expected=expected)


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        (Decimal(1), Decimal("1.0000000009"), True),
        (Decimal(1), Decimal("1.000000002"), False),
        (Decimal(10**9), Decimal(10**9) + Decimal("0.9"), True),
        (Decimal(10**9), Decimal(10**9) + 2, False),
        (0, Decimal("0.0000000009"), True),
        (1, Decimal(1), True),
        (None, 0, False),
        (None, None, True),
        (True, 1, False),
        ("1", 1, False),
        ("AAPL", "AAPL", True),
        ("AAPL", "aapl", False),
    ],
)
def test_numbers_are_equal_within_the_tolerance(one: Cell, other: Cell, are_equal: bool) -> None:
    assert cells_are_equal(one, other) is are_equal
    assert cells_are_equal(other, one) is are_equal


def test_no_rows_equal_no_rows_only() -> None:
    empty = Table(("a",), ())
    assert same(Table((), ()), expected=empty)
    assert not same(PNL, expected=empty)
    assert not same(empty)


def test_single_rows_answer_together() -> None:
    expected = Table(("beta", "var"), ((Decimal("1.2"), Decimal(900)),))
    beta, var = Table(("beta",), ((Decimal("1.2"),),)), Table(("v",), ((Decimal(900),),))
    assert answers_question(question("beta", "var"), [expected], [beta, var])
    assert not answers_question(question("beta", "var"), [expected], [beta])


def test_any_accepted_result_will_do() -> None:
    one, other = Table(("a",), ((1,),)), Table(("a",), ((1,), (2,)))
    assert answers_question(question("a"), [one, other], [other])
    assert not answers_question(question("a"), [one, other], [Table(("a",), ((2,),))])


def test_only_the_rows_that_are_meant_count() -> None:
    table = Table(("factor", "beta"), (("Market", 1), ("Value", 2), ("Growth", 3)))
    where = Alternative("metric", {}, {"factor": "Value"})
    assert meant_rows(table, where).rows == (("Value", 2),)
    assert meant_rows(table, Alternative("metric", {}, {}, first=1)).rows == table.rows[:1]
    assert meant_rows(table, Alternative("metric", {}, {}, last=1)).rows == table.rows[2:]


def test_nulls_and_no_rows_are_absent_but_zero_is_not() -> None:
    assert is_absent(Table((), ()), ["a"])
    assert is_absent(Table(("a", "why"), ((None, "no_data"),)), ["a"])
    assert not is_absent(Table(("a",), ((0,),)), ["a"])
