"""Attribution linked over sessions: Bacon's tables, a second implementation, what must hold for any returns.

The function reads the marts on the caller's search path. The quarters of the book are rows of temporary
tables of the marts' own shape, which come first on it.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pandas as pd
import perfattr
import psycopg
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from tests.examples import examples
from warehouse.connections import Warehouse
from warehouse.settings import project_root

FloatArray = npt.NDArray[np.float64]
METHODS = ("carino", "menchero")
SEGMENTS = ("UK", "Japan", "US")
DATES = [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31)]
COEFFICIENTS = "select udf.linking_coefficients(%s::float8[], %s::float8[], %s)"
LINKED = "select * from udf.portfolio_attribution(%s, null, null, 'sector', %s)"


class Book(NamedTuple):
    """Weights and returns, one row per period and one column per segment."""

    weights: FloatArray
    returns: FloatArray
    benchmark_weights: FloatArray
    benchmark_returns: FloatArray

    @property
    def contributions(self) -> FloatArray:
        return self.weights * self.returns

    @property
    def totals(self) -> tuple[FloatArray, FloatArray]:
        return self.contributions.sum(axis=1), (self.benchmark_weights * self.benchmark_returns).sum(axis=1)

    @property
    def effects(self) -> tuple[FloatArray, FloatArray]:
        """Allocation and selection of each period and segment."""
        total = self.totals[1][:, None]
        allocation = (self.weights - self.benchmark_weights) * (self.benchmark_returns - total)
        return allocation, self.contributions - self.weights * self.benchmark_returns


# Bacon, Practical Portfolio Performance Measurement and Attribution: tables 5.2, 5.3, 8.2 to 8.6
BACON = Book(
    np.array([[0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.5, 0.2]]),
    np.array([[0.20, -0.05, 0.06], [-0.05, 0.03, -0.05], [-0.20, 0.08, -0.15], [0.10, -0.07, 0.25]]),
    np.array([[0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.4, 0.4, 0.2]]),
    np.array([[0.10, -0.04, 0.08], [-0.07, 0.04, -0.10], [-0.25, 0.05, -0.20], [0.05, -0.05, 0.10]]),
)
QUARTERS = ([0.083, -0.034, -0.05, 0.045], [0.064, -0.046, -0.125, 0.02])
# method -> coefficients of the quarters, allocation and selection of the segments, their totals
PUBLISHED = {
    "carino": (
        [0.90431348, 1.01121647, 1.06444079, 0.94024465],
        [0.01650953, -0.00605532, 0.00149093],
        [0.08039985, 0.00182879, 0.03848195],
        (0.0119451371, 0.1207105924),
    ),
    "menchero": (
        [0.99084416, 0.98615921, 1.02832378, 0.99485984],
        [0.01562317, -0.0077541, 0.00135274],
        [0.08378775, 0.00053141, 0.03911476],
        (0.0092218080, 0.1234339215),
    ),
}
MENCHERO_M = 0.9781278654
OTHER_METHODS = project_root() / "docs/examples/attribution_methods.sql"


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def writer(demo: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """A connection on whose search path empty tables come before the marts of the same name."""
    with demo.connect_writer() as connection:
        for mart in ("fct_portfolio_snapshots", "fct_benchmark_returns", "fct_attribution_daily"):
            connection.execute(f"create temporary table {mart} (like marts.{mart})".encode())
        connection.execute("set search_path = pg_temp, marts")
        yield connection
        connection.rollback()


def coefficients(
    connection: psycopg.Connection[Any], returns: FloatArray, benchmark: FloatArray, method: str
) -> FloatArray | None:
    row = connection.execute(COEFFICIENTS, (returns.tolist(), benchmark.tolist(), method)).fetchone()
    assert row is not None
    return None if row[0] is None else np.array(row[0])


def excess(returns: FloatArray, benchmark: FloatArray) -> float:
    return float(np.prod(1 + returns) - np.prod(1 + benchmark))


def stored(writer: psycopg.Connection[Any], book: Book, segments: tuple[str, ...] = SEGMENTS) -> Any:
    """A portfolio with the effects of a book, one period a session."""
    portfolio_id = uuid4()
    returns, benchmark = book.totals
    allocation, selection = book.effects
    for period, day in enumerate(DATES[: len(returns)]):
        writer.execute(
            "insert into fct_portfolio_snapshots (portfolio_id, as_of_date, daily_return, twr_index)"
            " values (%s, %s, %s, %s)",
            (portfolio_id, day, returns[period], np.prod(1 + returns[: period + 1])),
        )
        writer.execute(
            "insert into fct_benchmark_returns (portfolio_id, as_of_date, daily_return) values (%s, %s, %s)",
            (portfolio_id, day, benchmark[period]),
        )
        for place, segment in enumerate(segments):
            cell = period, place
            writer.execute(
                "insert into fct_attribution_daily values (%s, %s, 'sector', %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    portfolio_id, day, segment, book.weights[cell], book.benchmark_weights[cell],
                    book.contributions[cell], book.benchmark_returns[cell], allocation[cell], selection[cell],
                    allocation[cell] + selection[cell],
                ),
            )  # fmt: skip
    return portfolio_id


def linked(writer: psycopg.Connection[Any], portfolio_id: Any, method: str) -> dict[str, dict[str, Any]]:
    rows = writer.cursor(row_factory=dict_row).execute(LINKED, (portfolio_id, method)).fetchall()
    return {row["segment"]: row for row in rows}


def test_effects_of_the_quarters_are_those_of_the_book() -> None:
    allocation, selection = BACON.effects
    assert allocation == pytest.approx(
        np.array(
            [[0, -0.0104, -0.0016], [-0.0072, -0.0086, 0.0108], [0.025, 0.0175, -0.0075], [-0.003, -0.007, 0]]
        )
    )
    assert selection == pytest.approx(
        np.array([[0.04, -0.003, -0.006], [0.014, -0.002, 0.005], [0.015, 0.015, 0.01], [0.015, -0.01, 0.03]])
    )
    returns, benchmark = BACON.totals
    assert returns == pytest.approx(np.array(QUARTERS[0]))
    assert benchmark == pytest.approx(np.array(QUARTERS[1]))
    assert np.prod(1 + returns) - 1 == pytest.approx(0.0385932095, abs=1e-10)
    assert np.prod(1 + benchmark) - 1 == pytest.approx(-0.09406252, abs=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_the_year_is_that_of_the_book(writer: psycopg.Connection[Any], method: str) -> None:
    factors, allocation, selection, totals = PUBLISHED[method]
    assert coefficients(writer, *BACON.totals, method) == pytest.approx(np.array(factors), abs=5e-9)
    found = linked(writer, stored(writer, BACON), method)
    assert [found[segment]["allocation"] for segment in SEGMENTS] == pytest.approx(allocation, abs=5e-9)
    assert [found[segment]["selection"] for segment in SEGMENTS] == pytest.approx(selection, abs=5e-9)
    for effect, total in zip(("allocation", "selection"), totals, strict=True):
        assert sum(row[effect] for row in found.values()) == pytest.approx(total, abs=1e-10)
    assert sum(row["effect"] for row in found.values()) == pytest.approx(0.1326557295, abs=1e-10)
    assert sum(row["contribution"] for row in found.values()) == pytest.approx(0.0385932095, abs=1e-10)
    assert found["UK"]["portfolio_weight"] == pytest.approx(0.425)
    assert found["UK"]["benchmark_weight"] == pytest.approx(0.425)
    assert found["UK"]["benchmark_return"] == pytest.approx(1.1 * 0.93 * 0.75 * 1.05 - 1)
    assert {(row["null_reason"], row["coverage"], row["sessions"]) for row in found.values()} == {
        (None, 1, 4)
    }


def test_the_benchmark_residual_is_known_where_its_effect_is(writer: psycopg.Connection[Any]) -> None:
    portfolio_id = stored(writer, BACON)
    writer.execute(
        "insert into fct_attribution_daily"
        " select portfolio_id, as_of_date, 'sector', 'Benchmark residual', 0, 0, 0, null, null, null, 0.001"
        " from fct_portfolio_snapshots where portfolio_id = %s and daily_return is not null",
        (portfolio_id,),
    )
    residual = linked(writer, portfolio_id, "carino")["Benchmark residual"]
    assert residual["effect"] is not None
    assert (residual["allocation"], residual["coverage"]) == (None, 1)


def other_methods(writer: psycopg.Connection[Any], portfolio_id: Any) -> dict[str, float]:
    """The answer of docs/examples/attribution_methods.sql."""
    text = OTHER_METHODS.read_text().replace(":'portfolio_id'", "%(portfolio_id)s").rstrip().rstrip(";")
    cursor = writer.cursor(row_factory=dict_row)
    row = cursor.execute(text.encode(), {"portfolio_id": portfolio_id}).fetchone()
    assert row is not None
    return row


def test_other_methods_from_the_same_columns_are_those_of_the_book(
    writer: psycopg.Connection[Any],
) -> None:
    found = other_methods(writer, stored(writer, BACON))
    assert found["grap_allocation"] == pytest.approx(0.0123596361, abs=1e-10)
    assert found["grap_selection"] == pytest.approx(0.1202960934, abs=1e-10)
    assert found["bhb_allocation"] + found["bhb_selection"] + found["bhb_interaction"] == pytest.approx(
        0.1326557295, abs=1e-10
    )
    assert found["geometric_allocation"] == pytest.approx(0.0128531682, abs=1e-10)
    assert found["geometric_selection"] == pytest.approx(0.1318809755, abs=1e-10)
    assert found["geometric_excess"] == pytest.approx(0.1464292321, abs=1e-10)
    grown = (1 + found["geometric_allocation"]) * (1 + found["geometric_selection"])
    assert grown - 1 == pytest.approx(found["geometric_excess"], abs=1e-12)


# allocation and selection of the geometric method, by quarter
GEOMETRIC = [(-0.0112782, 0.0294677), (-0.0052411, 0.0179136), (0.04, 0.0439560), (-0.0098039, 0.0346535)]


@pytest.mark.parametrize("quarter", range(4))
def test_other_methods_of_a_quarter_are_those_of_the_book(
    writer: psycopg.Connection[Any], quarter: int
) -> None:
    only = Book(*(values[quarter : quarter + 1] for values in BACON))
    found = other_methods(writer, stored(writer, only))
    geometric = found["geometric_allocation"], found["geometric_selection"]
    assert geometric == pytest.approx(GEOMETRIC[quarter], abs=5e-8)
    if quarter == 0:
        brinson = [found[f"bhb_{effect}"] for effect in ("allocation", "selection", "interaction")]
        assert brinson == pytest.approx([-0.012, 0.03, 0.001], abs=1e-12)


def test_effects_linked_by_grap_are_frongello_s(writer: psycopg.Connection[Any]) -> None:
    """Frongello's recursion: F_t = E_t times the portfolio's growth before + r_b,t times all F before."""
    returns, benchmark = BACON.totals
    totals = []
    for effect in BACON.effects:
        sums: list[float] = []
        for period, size in enumerate(effect.sum(axis=1)):
            sums.append(size * np.prod(1 + returns[:period]) + benchmark[period] * sum(sums))
        totals.append(sum(sums))
    found = other_methods(writer, stored(writer, BACON))
    assert [found["grap_allocation"], found["grap_selection"]] == pytest.approx(totals, abs=1e-14)


def test_coefficients_of_menchero_are_m_where_nothing_is_in_excess(writer: psycopg.Connection[Any]) -> None:
    """They are linear in the excess return of the period: M + (...) d."""
    returns, benchmark = BACON.totals
    found = coefficients(writer, returns, benchmark, "menchero")
    assert found is not None
    assert np.polyfit(returns - benchmark, found, 1)[1] == pytest.approx(MENCHERO_M, abs=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_a_refined_segment_changes_no_total(writer: psycopg.Connection[Any], method: str) -> None:
    """The US in two parts: what it gains in allocation it loses in selection, and the others stay."""
    spread = np.array([[0.05], [-0.02], [0.01], [0.03]])  # of the returns of the parts, on both sides

    def split(weights: FloatArray, returns: FloatArray, east: float) -> tuple[FloatArray, FloatArray]:
        parts, apart = np.array([east, 1 - east]), np.array([1 - east, -east])
        return (
            np.hstack([weights[:, :2], weights[:, 2:] * parts]),
            np.hstack([returns[:, :2], returns[:, 2:] + spread * apart]),
        )

    weights, returns = split(BACON.weights, BACON.returns, 0.7)
    benchmark_weights, benchmark = split(BACON.benchmark_weights, BACON.benchmark_returns, 0.4)
    refined = Book(weights, returns, benchmark_weights, benchmark)
    np.testing.assert_allclose(refined.totals, BACON.totals, atol=1e-15)
    found = linked(writer, stored(writer, refined, (*SEGMENTS[:2], "East", "West")), method)
    before = linked(writer, stored(writer, BACON), method)
    for segment in SEGMENTS[:2]:
        assert found[segment]["effect"] == pytest.approx(before[segment]["effect"], abs=1e-14)
    both = found["East"]["effect"] + found["West"]["effect"]
    assert both == pytest.approx(before["US"]["effect"], abs=1e-14)
    allocation = found["East"]["allocation"] + found["West"]["allocation"]
    assert abs(allocation - before["US"]["allocation"]) > 0.001


@pytest.mark.parametrize("method", METHODS)
def test_perfattr_links_to_the_same(writer: psycopg.Connection[Any], method: str) -> None:
    draws = np.random.default_rng(18)
    weights, benchmark_weights = draws.normal(0.3, 0.6, (4, 3)), draws.dirichlet(np.ones(3), 4)
    weights[:, 2] = 1 - weights[:, :2].sum(axis=1)
    book = Book(weights, draws.normal(0.02, 0.1, (4, 3)), benchmark_weights, draws.normal(0.01, 0.1, (4, 3)))
    assert (weights < 0).any()
    prepared = perfattr.prepare_attribution(
        _frame(book.weights, book.returns), _frame(book.benchmark_weights, book.benchmark_returns)
    )
    expected = perfattr.calculate_attribution(
        prepared.portfolio,
        prepared.benchmark,
        effect_linking_method=perfattr.EffectLinkingMethod[method.upper()],
    ).overall_detail.set_index("identifier")
    found = linked(writer, stored(writer, book), method)
    for segment in SEGMENTS:
        for effect in ("allocation", "selection"):
            theirs = expected.loc[segment, f"linked_{effect}_effect"]
            assert found[segment][effect] == pytest.approx(theirs, abs=1e-12), segment
        if method == "carino":  # by which it links contributions whatever the method
            theirs = expected.loc[segment, "linked_portfolio_contribution"]
            assert found[segment]["contribution"] == pytest.approx(theirs, abs=1e-12), segment


def _frame(weights: FloatArray, returns: FloatArray) -> pd.DataFrame:
    begin = [date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1)]
    return pd.DataFrame(
        [
            {
                "from_date": begin[period].isoformat(),
                "thru_date": DATES[period].isoformat(),
                "identifier": segment,
                "weight": weights[period, place],
                "return": returns[period, place],
            }
            for period in range(4)
            for place, segment in enumerate(SEGMENTS)
        ]
    )


RETURNS = st.lists(
    st.tuples(st.floats(-0.6, 1.5), st.one_of(st.floats(-0.6, 1.5), st.just(None))), min_size=1, max_size=12
)


@example(pairs=[(5e-324, 0.0)], method="carino", scale=1.0)
@example(pairs=[(5e-324, 0.0), (1.5, 1.5)], method="menchero", scale=1.0)
@given(pairs=RETURNS, method=st.sampled_from(METHODS), scale=st.sampled_from([1.0, 1e-3, 1e-9]))
@settings(max_examples=examples(40), deadline=None)
def test_linked_excess_returns_add_up_in_any_order(
    analyst: psycopg.Connection[Any],
    pairs: list[tuple[float, float | None]],
    method: str,
    scale: float,
) -> None:
    returns = np.array([own for own, _ in pairs]) * scale
    # some sessions without an excess return
    benchmark = np.array([own if other is None else other for own, other in pairs]) * scale
    found = coefficients(analyst, returns, benchmark, method)
    assert found is not None
    total = excess(returns, benchmark)
    difference = returns - benchmark
    bound = 1e-12 * (1 + np.prod(1 + returns) + np.prod(1 + benchmark))
    assert found @ difference == pytest.approx(total, abs=bound)
    backwards = coefficients(analyst, returns[::-1], benchmark[::-1], method)
    assert backwards is not None
    # a coefficient of nothing has no digits
    assume(np.abs(difference).max() > 1e-6 and (method == "carino" or abs(total) > 1e-9))
    assert backwards[::-1] * difference == pytest.approx(found * difference, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_what_equals_its_benchmark_has_no_effects(analyst: psycopg.Connection[Any], method: str) -> None:
    returns = np.array([0.01, -0.02, 0.0])
    found = coefficients(analyst, returns, returns, method)
    assert found is not None
    assert np.isfinite(found).all()
    assert coefficients(analyst, returns[:1], returns[:1], method) == pytest.approx(np.ones(1))
    same = Book(BACON.weights, BACON.returns, BACON.weights, BACON.returns)
    assert np.abs(same.effects).max() == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_total_loss_is_not_linked(analyst: psycopg.Connection[Any], method: str) -> None:
    assert coefficients(analyst, np.array([0.1, -1.0]), np.array([0.1, 0.1]), method) is None
    assert analyst.execute(COEFFICIENTS, ([0.1], [None], method)).fetchone() == (None,)
    assert analyst.execute("select udf.log_growth_ratio(-1), udf.log_growth_ratio(0)").fetchone() == (None, 1)


def test_an_argument_that_is_not_known_is_refused(analyst: psycopg.Connection[Any]) -> None:
    refused = psycopg.errors.InvalidParameterValue
    with pytest.raises(refused, match=r"^method is carino or menchero, not none\n"):
        analyst.execute(COEFFICIENTS, ([0.1], [0.2], "none"))
    with pytest.raises(refused, match=r"^dimension is sector, investment_class or tag, not country\n"):
        analyst.execute(LINKED.replace("'sector'", "'country'"), (uuid4(), "carino"))
