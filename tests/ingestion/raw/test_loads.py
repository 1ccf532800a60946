"""The loader: what counts as new, what a failure leaves behind, and the records of loads."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.errors import LoadFailedError, OpenTransactionError
from ingestion.raw.datasets import (
    CAPITAL_FLOWS,
    COMPANY_PROFILES,
    CORPORATE_ACTIONS,
    DATASETS,
    OPTION_QUOTES,
    PRICES,
    TREASURY_RATES,
)
from ingestion.raw.loads import Connection, LoadReport, load_frame, load_transaction
from ingestion.raw.rejections import Rejections
from tests.examples import examples
from warehouse.connections import Warehouse
from warehouse.locks import LOAD_LOCK

FIRST, SECOND, THIRD = date(2025, 6, 2), date(2025, 6, 3), date(2025, 6, 4)


def prices(
    *rows: tuple[object, ...], columns: str = "price_date close total_return previous_date previous_close"
) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split()).assign(symbol="A")


def load_prices(connection: Connection, frame: pd.DataFrame, source: str = "files") -> LoadReport:
    return load_frame(connection, PRICES, frame, source=source, origin="test")


def test_every_raw_table_has_a_dataset_with_its_columns(connection: Connection) -> None:
    # Silent failure prevented: a column added to the table that no load ever fills
    rows = connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'raw' and table_name not like 'newest_%'"
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(f"raw.{table}", set()).add(column)
    assert tables == {
        dataset.table: {*dataset.columns, "load_id", "loaded_at"} for dataset in DATASETS.values()
    }


def test_a_load_writes_its_rows_and_its_record(connection: Connection) -> None:
    report = load_prices(connection, prices((FIRST, 10.5, None, None, None), (SECOND, 11, 0.05, FIRST, 10.5)))
    record = connection.execute(
        "select source, dataset, status, origin, rows_read, rows_new, rows_rejected, touched_from, error, "
        "started_at <= finished_at from ops.loads where load_id = %s",
        [report.load_id],
    ).fetchone()
    assert record == ("files", "prices", "succeeded", "test", 2, 2, 0, FIRST, None, True)
    row = connection.execute(
        "select close, total_return, previous_date, loaded_at >= started_at, loaded_at <= finished_at "
        "from raw.prices join ops.loads using (load_id) where price_date = %s",
        [SECOND],
    ).fetchone()
    assert row == (Decimal("11.000000"), 0.05, FIRST, True, True)


def test_equal_rows_are_not_written_again(connection: Connection, count: Callable[[str], int]) -> None:
    frame = prices((FIRST, 10.5, None, None, None), (SECOND, 11, 0.05, FIRST, 10.5))
    load_prices(connection, frame)
    again = load_prices(connection, frame)
    assert (again.rows_read, again.rows_new, again.touched_from) == (2, 0, None)
    assert count("raw.prices") == 2


def test_a_correction_is_a_new_row_and_the_old_one_stays(connection: Connection) -> None:
    load_prices(connection, prices((FIRST, 10, None, None, None), (SECOND, 11, None, None, None)))
    report = load_prices(connection, prices((FIRST, 10, None, None, None), (SECOND, 12, None, None, None)))
    assert (report.rows_new, report.touched_from) == (1, SECOND)
    rows = connection.execute("select close from raw.prices where price_date = %s order by load_id", [SECOND])
    assert [row[0] for row in rows] == [11, 12]


def test_new_rows_are_compared_with_the_newest_known_row_only(connection: Connection) -> None:
    # 10 -> 11 -> 10 is two corrections, though 10 was known before
    for close, new in [(10, 1), (11, 1), (10, 1), (10, 0)]:
        assert load_prices(connection, prices((FIRST, close, None, None, None))).rows_new == new


@pytest.mark.parametrize(
    ("close", "total_return", "previous_close", "new"),
    [
        (100.00005, 0.05, 95.0, 0),
        (100.0002, 0.05, 95.0, 1),
        (100.0, 0.0500005, 95.0, 0),
        (100.0, 0.050002, 95.0, 1),
        (100.0, 0.05, 95.2, 1),
        (100.0, None, None, 0),
    ],
    ids=["near_close", "far_close", "near_return", "far_return", "other_base", "nothing_said"],
)
def test_equal_within_a_millionth_is_equal(
    connection: Connection, close: float, total_return: float | None, previous_close: float | None, new: int
) -> None:
    load_prices(connection, prices((FIRST, 100.0, 0.05, date(2025, 5, 30), 95.0)))
    previous = date(2025, 5, 30) if previous_close else None
    assert (
        load_prices(connection, prices((FIRST, close, total_return, previous, previous_close))).rows_new
        == new
    )


def test_a_null_does_not_replace_a_known_value(connection: Connection) -> None:
    columns = "price_date open high low close volume total_return previous_date previous_close"
    load_prices(connection, prices((SECOND, 9, 12, 8, 10, 500, 0.05, FIRST, 9.5), columns=columns))
    # a row with only a corrected open
    load_prices(connection, prices((SECOND, 9.1, None, None, 10, None, None, None, None), columns=columns))
    row = connection.execute(
        "select open, high, low, volume, total_return, previous_close "
        "from raw.prices order by load_id desc limit 1"
    ).fetchone()
    assert row == (Decimal("9.1"), 12, 8, 500, 0.05, Decimal("9.5"))


def test_a_corrected_close_drops_the_return_of_the_wrong_one(connection: Connection) -> None:
    # Silent failure prevented: a return that belongs to a superseded close
    load_prices(connection, prices((SECOND, 100, 0.05, FIRST, 95.2)))
    load_prices(connection, prices((SECOND, 10, None, None, None)))
    row = connection.execute(
        "select close, total_return, previous_date from raw.prices order by load_id desc limit 1"
    ).fetchone()
    assert row == (10, None, None)


def test_a_real_price_replaces_an_equal_simulated_one_and_inherits_nothing(connection: Connection) -> None:
    # Silent failure prevented: real prices shown as simulated, or the reverse
    columns = "price_date open close"
    load_prices(connection, prices((FIRST, 9, 10), columns=columns), source="simulated")
    report = load_prices(connection, prices((FIRST, None, 10), columns=columns), source="yfinance")
    assert report.rows_new == 1
    row = connection.execute("select source, open from raw.prices order by load_id desc limit 1").fetchone()
    assert row == ("yfinance", None)
    # an equal price from another real source is not new
    assert load_prices(connection, prices((FIRST, None, 10), columns=columns), source="files").rows_new == 0


def test_a_withdrawn_action_is_a_row_without_value(connection: Connection) -> None:
    def load(value: float | None) -> LoadReport:
        frame = pd.DataFrame([{"symbol": "A", "ex_date": FIRST, "action": "dividend", "value": value}])
        return load_frame(connection, CORPORATE_ACTIONS, frame, source="files", origin="test")

    assert [load(value).rows_new for value in (0.25, 0.250004, None, None, 0.25)] == [1, 0, 1, 0, 1]


def test_a_profile_merges_details_and_touches_the_right_date(connection: Connection) -> None:
    load_prices(connection, prices((FIRST, 10, None, None, None)))

    def load(day: date, **fields: object) -> LoadReport:
        frame = pd.DataFrame([{"symbol": "A", "profile_date": day, **fields}], dtype=object)
        return load_frame(connection, COMPANY_PROFILES, frame, source="reference", origin="test")

    first = load(THIRD, name="Alpha", details='{"beta": 1.1, "employees": 5}')
    assert first.touched_from == FIRST, "a first profile applies to the symbol's past"
    assert load(THIRD, name="Alpha", details='{"beta": 1.1}').rows_new == 0
    later = load(THIRD + timedelta(days=1), sector="Technology", details='{"beta": 1.2}')
    assert later.touched_from == THIRD + timedelta(days=1)
    row = connection.execute(
        "select name, sector, details from raw.company_profiles order by load_id desc limit 1"
    ).fetchone()
    assert row == ("Alpha", "Technology", {"beta": 1.2, "employees": 5})


def test_an_earlier_profile_inherits_nothing_from_a_later_one(connection: Connection) -> None:
    load_prices(connection, prices((FIRST, 10, None, None, None)))

    def load(day: date, **fields: object) -> LoadReport:
        frame = pd.DataFrame([{"symbol": "A", "profile_date": day, **fields}], dtype=object)
        return load_frame(connection, COMPANY_PROFILES, frame, source="files", origin="test")

    load(THIRD, name="Alpha", dividend_yield=0.02, details='{"beta": 1.1}')
    earlier = load(SECOND, name="Alpha", details='{"employees": 5}')
    assert (earlier.rows_new, earlier.touched_from) == (1, FIRST), "it is the symbol's first profile now"
    assert load(SECOND, name="Alpha").rows_new == 0
    later = load(THIRD + timedelta(days=1), sector="Technology")
    assert later.rows_new == 1
    rows = connection.execute(
        "select profile_date, dividend_yield, sector, details from raw.company_profiles order by profile_date"
    ).fetchall()
    assert rows == [
        (SECOND, None, None, {"employees": 5}),
        (THIRD, 0.02, None, {"beta": 1.1}),
        (THIRD + timedelta(days=1), 0.02, "Technology", {"beta": 1.1}),
    ]


def test_touched_from_is_the_earliest_of_old_and_new(connection: Connection) -> None:
    identity = {
        "flow_id": "9b2f3f0e-1111-4222-8333-444444444444",
        "portfolio_id": "9b2f3f0e-1111-4222-8333-555555555555",
    }
    for day, touched in [(SECOND, SECOND), (THIRD, SECOND), (FIRST, FIRST)]:
        frame = pd.DataFrame([{**identity, "flow_date": day, "amount": Decimal("1.5")}])
        report = load_frame(connection, CAPITAL_FLOWS, frame, source="files", origin="test")
        assert report.touched_from == touched


def test_rejected_rows_are_kept_with_their_reasons(connection: Connection) -> None:
    rejected = Rejections()
    rejected.add("not_a_session", 'A "quoted", 2025-06-07', row_number=7)
    rejected.add("no_data", "B")
    frame = prices((FIRST, 10, None, None, None))
    report = load_frame(connection, PRICES, frame, source="files", origin="test", rejected=rejected)
    assert (report.rows_read, report.rows_new, report.rows_rejected) == (3, 1, 2)
    assert report.notices == (
        "1 row for symbols without data at the source left out.",
        "1 row on days that are not NYSE sessions left out.",
    )
    rows = connection.execute("select row_number, reason, detail from ops.rejected_rows order by reason desc")
    assert rows.fetchall() == [(7, "not_a_session", 'A "quoted", 2025-06-07'), (None, "no_data", "B")]


def test_a_load_of_nothing_is_recorded(connection: Connection) -> None:
    report = load_frame(connection, TREASURY_RATES, pd.DataFrame(), source="files", origin="test")
    assert (report.rows_read, report.rows_new, report.touched_from) == (0, 0, None)


# --- failures --------------------------------------------------------------------------------------------


def failures(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "select dataset, origin, error from ops.loads where status = 'failed' order by load_id"
    ).fetchall()


def test_an_error_in_the_middle_leaves_only_its_record(
    connection: Connection, count: Callable[[str], int]
) -> None:
    def tables() -> Iterator[pa.Table]:
        yield pa.Table.from_pandas(prices((FIRST, 10, None, None, None)))
        raise RuntimeError("the file ends in the middle of a row")

    for known in (0, 1):  # COPY straight into the empty table, and through the temporary one
        with pytest.raises(RuntimeError, match="in the middle"):
            load_frame(connection, PRICES, tables(), source="files", origin="test")
        assert count("raw.prices") == known
        assert failures(connection)[known] == ("prices", "test", "the file ends in the middle of a row")
        load_prices(connection, prices((THIRD, 10, None, None, None)))


def test_several_datasets_are_loaded_atomically(connection: Connection, count: Callable[[str], int]) -> None:
    rate = pd.DataFrame([{"series": "DGS10", "rate_date": FIRST, "rate_pct": 4.25}])

    def load_both() -> None:
        with load_transaction(connection, "prices", source="files", origin="test") as load:
            load.rows(TREASURY_RATES, rate)
            load.rows(PRICES, prices((FIRST, -1, None, None, None)))

    with pytest.raises(LoadFailedError):
        load_both()
    assert count("raw.treasury_rates") == count("raw.prices") == 0
    assert len(failures(connection)) == 1


def test_a_database_error_is_reported_with_its_constraint(connection: Connection) -> None:
    with pytest.raises(LoadFailedError, match=r"^prices from test: .*Nothing was loaded.*prices_close_check"):
        load_prices(connection, prices((FIRST, -1, None, None, None)))


def test_two_rows_of_one_key_are_refused(connection: Connection) -> None:
    frame = prices((FIRST, 10, None, None, None), (FIRST, 11, None, None, None))
    with pytest.raises(LoadFailedError, match=r"two rows have the same key.*\(A, 2025-06-02"):
        load_prices(connection, frame)


def test_a_connection_inside_a_transaction_is_refused(connection: Connection) -> None:
    # Silent failure prevented: a load that reports success and is rolled back by the caller
    with connection.transaction(), pytest.raises(OpenTransactionError):
        load_prices(connection, prices((FIRST, 10, None, None, None)))


def test_a_lost_connection_writes_nothing_and_is_reported(
    empty_warehouse: Warehouse, count: Callable[[str], int]
) -> None:
    def tables(victim: Connection) -> Iterator[pa.Table]:
        yield pa.Table.from_pandas(prices((FIRST, 10, None, None, None)))
        with psycopg.connect(empty_warehouse.admin_url, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s)", [victim.info.backend_pid])
        for _ in range(1000):
            yield pa.Table.from_pandas(pd.concat([prices((SECOND, 10, None, None, None))] * 1000))

    with empty_warehouse.connect_writer() as victim:
        with pytest.raises(LoadFailedError, match="connection to the database was lost"):
            load_frame(victim, PRICES, tables(victim), source="files", origin="test")
        victim.close()
    assert count("raw.prices") == count("ops.loads") == 0


def test_a_load_waits_while_a_build_fixes_its_known_at(
    empty_warehouse: Warehouse, connection: Connection
) -> None:
    # The build takes the lock exclusively for an instant; a load holds it in shared mode until its commit
    with load_transaction(connection, "prices", source="files", origin="test") as load:
        load.rows(PRICES, prices((FIRST, 10, None, None, None)))
        with empty_warehouse.connect_writer() as build:
            row = build.execute("select pg_try_advisory_xact_lock(%s)", [LOAD_LOCK]).fetchone()
            assert row == (False,)
            build.rollback()
            with empty_warehouse.connect_writer() as other:
                row = other.execute("select pg_try_advisory_xact_lock_shared(%s)", [LOAD_LOCK]).fetchone()
                assert row == (True,)


# --- in general ------------------------------------------------------------------------------------------

levels = st.none() | st.floats(0.01, 100_000).map(lambda level: round(level, 6))
price_rows = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", 'C"\n,'.replace('"\n,', "")]),
        st.dates(date(2025, 1, 2), date(2025, 1, 10)),
        levels,
        st.floats(0.01, 100_000).map(lambda level: round(level, 6)),
        st.none() | st.floats(-0.9, 9),
    ),
    max_size=12,
    unique_by=lambda row: row[:2],
)


@settings(
    deadline=None, max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(price_rows, min_size=1, max_size=4))
def test_reloading_the_same_rows_writes_nothing(
    module_connection: Connection, loads: list[list[tuple[object, ...]]]
) -> None:
    for rows in loads:
        frame = pd.DataFrame(rows, columns=["symbol", "price_date", "open", "close", "total_return"])
        load_prices(module_connection, frame)
        assert load_prices(module_connection, frame).rows_new == 0


def test_any_text_survives_the_load(connection: Connection) -> None:
    # Silent failure prevented: COPY taking a quote, a comma or an empty text for something else
    names = ['say "x", y', "line\nbreak", "back\\slash", "", "NULL", "\\N", "é"]
    frame = pd.DataFrame(
        [{"symbol": f"S{n}", "profile_date": FIRST, "name": name} for n, name in enumerate(names)]
    )
    load_frame(connection, COMPANY_PROFILES, frame, source="files", origin="test")
    rows = connection.execute("select name from raw.company_profiles order by symbol").fetchall()
    assert [row[0] for row in rows] == names


def test_empty_parts_of_a_load_write_nothing(connection: Connection, count: Callable[[str], int]) -> None:
    # Silent failure prevented: for an empty chunk, Arrow's CSV writer repeats its buffer
    full = pa.Table.from_pandas(
        prices((FIRST, 10, None, None, None), columns="price_date close a b c")[
            ["symbol", "price_date", "close"]
        ]
    )
    parts = [full.slice(0, 0), pa.concat_tables([full.slice(0, 0), full, full.slice(0, 0)]), full.slice(0, 0)]
    for known in (0, 1):  # straight into the empty table, and through the temporary one
        report = load_frame(connection, PRICES, parts, source="files", origin="test")
        assert (report.rows_read, report.rows_new) == (1, 1 - known)
    assert count("raw.prices") == 1


def test_quotes_are_bulk_and_compared_like_the_rest(connection: Connection) -> None:
    quote = {
        "symbol": "AAPL250815P00200000",
        "quote_date": FIRST,
        "underlying_symbol": "AAPL",
        "expiration_date": date(2025, 8, 15),
        "option_type": "PUT",
        "strike_price": 200.0,
        "bid": 5.0,
        "ask": 5.2,
    }
    for changes, new in [({}, 1), ({}, 0), ({"bid": 5.1}, 1), ({"bid": None}, 1)]:
        frame = pd.DataFrame([{**quote, **changes}], dtype=object)
        report = load_frame(connection, OPTION_QUOTES, frame, source="files", origin="test")
        assert report.rows_new == new
