"""The runtime of dbt's Python models: validation of frames, and the rows written."""

from contextlib import suppress
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from dbt_common.exceptions import DbtRuntimeError
from psycopg.conninfo import conninfo_to_dict
from threadpoolctl import threadpool_info, threadpool_limits

from python_models.runtime.frames import FrameError, frame_to_arrow, to_csv
from python_models.runtime.inputs import batches_of
from python_models.runtime.plugin import PythonModelJob
from warehouse.connections import Warehouse

COLUMNS = {
    "symbol": "text",
    "as_of_date": "date",
    "beta": "double precision",
    "observations": "integer",
    "is_clipped": "boolean",
}
MODEL_CODE = """
def model(dbt, session):
    return dbt.ref("inputs")

class dbtObj:
    def __init__(self, load_df_function):
        self.ref = lambda name: load_df_function("public." + name)
"""


def _frame(**changes: Any) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "beta": [1.5, np.nan],
        "symbol": ["A", 'says "hi", twice'],
        "as_of_date": [pd.Timestamp("2025-07-01"), date(2025, 7, 2)],
        "observations": [90, 30],
        "is_clipped": [False, True],
    }
    return pd.DataFrame({**columns, **changes})


def test_frame_to_arrow_has_the_declared_columns_in_order() -> None:
    table = frame_to_arrow(_frame(), COLUMNS, model="m")
    assert table.column_names == list(COLUMNS)
    assert table["beta"].to_pylist() == [1.5, None]
    assert table["as_of_date"].to_pylist() == [date(2025, 7, 1), date(2025, 7, 2)]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"extra": [1, 2]}, "extra"),
        ({"observations": [90.5, 30]}, "m.observations"),
        ({"symbol": [1, 2]}, "m.symbol"),
        ({"beta": ["much", 2]}, "m.beta"),
        ({"beta": [np.inf, 2]}, "infinite"),
        ({"as_of_date": ["yesterday", "today"]}, "m.as_of_date"),
    ],
)
def test_an_invalid_frame_names_the_column(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(FrameError, match=named):
        frame_to_arrow(_frame(**changes), COLUMNS, model="m")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(FrameError, match=r"missing \['beta'\]"):
        frame_to_arrow(_frame().drop(columns="beta"), COLUMNS, model="m")


def test_an_unsupported_type_is_refused() -> None:
    with pytest.raises(FrameError, match="numeric"):
        frame_to_arrow(_frame(), {**COLUMNS, "beta": "numeric"}, model="m")


def _job(url: str, columns: dict[str, str] = COLUMNS, **config: Any) -> PythonModelJob:
    parts = conninfo_to_dict(url)
    credentials = SimpleNamespace(
        host=parts["host"],
        port=parts.get("port", 5432),
        user=parts["user"],
        password=parts.get("password", ""),
        database=parts["dbname"],
        sslmode=None,
        role=None,
    )
    model = {
        "name": "m",
        "schema": "intermediate",
        "alias": "m",
        "original_file_path": "models/m.py",
        "columns": {name: {"data_type": data_type} for name, data_type in columns.items()},
        "config": {"materialized": "build_table", **config},
    }
    return PythonModelJob(model, credentials)


BUILD = {"first_date": "2025-07-01", "from_date": "2025-07-01", "to_date": "2025-07-31", "publication_id": 7}


def _set_build(monkeypatch: pytest.MonkeyPatch, **settings: object) -> None:
    """Set the build's settings, as flows.dbt.runner.build_session does."""
    given = {**BUILD, **settings}
    monkeypatch.setenv(
        "PGOPTIONS", " ".join(f"-c sigmasight.{name}={value}" for name, value in given.items())
    )


@pytest.fixture
def url(empty_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> str:
    _set_build(monkeypatch)
    with empty_warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(
            """create table intermediate.m (symbol text, as_of_date date, beta double precision,
            observations integer, is_clipped boolean)"""
        )
        connection.execute("create view staging.inputs as select 'X'::text as symbol")
        connection.execute(
            """insert into intermediate.m values
            ('JUNE', '2025-06-30', 1, 90, false), ('JULY', '2025-07-15', 1, 90, false)"""
        )
    return empty_warehouse.writer_url


CODE = MODEL_CODE.replace("public.", "staging.")


def _rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select * from intermediate.m order by as_of_date, symbol").fetchall()


def _with_input(url: str, select: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop view staging.inputs")
        connection.execute(f"create view staging.inputs as {select}")


def test_a_build_table_holds_only_the_rows_of_the_build(url: str) -> None:
    _with_input(
        url,
        """select 'A "quoted", name'::text as symbol, date '2025-07-02' as as_of_date,
        null::double precision as beta, 31 as observations, true as is_clipped
        union all select '', date '2025-07-03', 0.1::double precision + 0.2, null, null""",
    )
    assert _job(url).submit(CODE) == 2
    assert _rows(url) == [
        ('A "quoted", name', date(2025, 7, 2), None, 31, True),
        ("", date(2025, 7, 3), 0.1 + 0.2, None, None),
    ]


def test_an_invalid_frame_does_not_change_the_table(url: str) -> None:
    before = _rows(url)
    with pytest.raises(DbtRuntimeError, match="missing"):
        _job(url).submit(CODE)
    assert _rows(url) == before


def test_an_empty_frame_empties_a_build_table(url: str) -> None:
    _with_input(
        url,
        """select 'A'::text as symbol, date '2025-07-02' as as_of_date, null::double precision as beta,
        31 as observations, true as is_clipped where false""",
    )
    assert _job(url).submit(CODE) == 0
    assert _rows(url) == []


ONE_ROW = """select 'A'::text as symbol, date '2025-07-02' as as_of_date, 1.5::double precision as beta,
31 as observations, true as is_clipped"""


def test_linear_algebra_of_a_model_has_one_thread(url: str) -> None:
    _with_input(url, "select 'A'::text as symbol")
    with threadpool_limits(2, user_api="blas"):
        with suppress(DbtRuntimeError):  # the other columns are missing
            _job(url).submit(CODE)
        threads = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    assert threads == {1}


def _make_mart(url: str) -> None:
    """A table with rows of publication 5, and of a later unpublished build."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter table intermediate.m add column publication_id bigint not null default 5")
        connection.execute("update intermediate.m set publication_id = 6 where symbol = 'JULY'")
        connection.execute(
            """insert into ops.publications
            (publication_id, from_date, to_date, known_at, tests_passed, tests_warned)
            values (5, '2025-06-30', '2025-06-30', now(), 0, 0)"""
        )


def test_a_mart_gets_rows_with_the_publication_id_and_loses_unpublished_ones(url: str) -> None:
    _make_mart(url)
    _with_input(url, ONE_ROW)
    assert _job(url, materialized="mart").submit(CODE) == 1
    assert [(row[0], row[-1]) for row in _rows(url)] == [("JUNE", 5), ("A", 7)]


def test_a_market_model_is_skipped_when_only_portfolios_are_built(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_mart(url)
    _with_input(url, ONE_ROW)
    _set_build(monkeypatch, from_date="2025-08-01")
    assert _job(url, materialized="mart", scope="market").submit("def model(dbt, session): 1 / 0") == 0
    assert _job(url, materialized="mart").submit(CODE) == 1


COUNTING_CODE = """
def model(dbt, session):
    whole = dbt.ref("calendar")
    inputs = dbt.ref("inputs")
    return inputs.assign(observations=len(whole), beta=float(len(inputs)))

class dbtObj:
    def __init__(self, load_df_function):
        self.ref = lambda name: load_df_function('"staging"."' + name + '"')
"""


def test_a_batch_has_only_the_dates_of_the_batch(url: str) -> None:
    _with_input(
        url,
        """select day::text as symbol, day::date as as_of_date, false as is_clipped
        from generate_series('2025-06-25'::date, '2025-08-05', '1 day') as day where day <> '2025-07-20'""",
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create view staging.calendar as select 1 as day from generate_series(1, 42)")
    assert _job(url, batch_days=10, batch_inputs=["inputs"]).submit(COUNTING_CODE) == 30
    written = {day: (rows, whole) for _, day, rows, whole, _ in _rows(url)}
    of_batch = [10.0] * 10 + [9.0] * 9 + [10.0] * 10 + [1.0]
    assert [written[day] for day in sorted(written)] == [(rows, 42) for rows in of_batch]
    assert date(2025, 7, 20) not in written


@pytest.mark.parametrize(
    ("enough", "expected"),
    [
        (0, [(1, 10), (12, 21), (25, 30)]),
        (3, [(1, 10), (12, 25), (30, 30)]),
        (5, [(1, 12), (15, 30)]),
        (100, [(1, 30)]),
    ],
)
def test_a_batch_goes_on_while_it_has_few_rows(enough: int, expected: list[tuple[int, int]]) -> None:
    rows = {1: 1, 5: 3, 12: 1, 15: 1, 25: 1, 30: 2}
    days = [(date(2025, 7, day), count) for day, count in rows.items()]
    found = batches_of(days, 10, enough, last=date(2025, 7, 30))
    assert [(first.day, last.day) for first, last in found] == expected


def test_dates_without_rows_in_the_first_batch_input_are_skipped(url: str) -> None:
    _with_input(
        url,
        """select '' as symbol, date '2025-07-01' + day as as_of_date, false as is_clipped
        from unnest(array[8, 17, 18, 30, 31]) as day""",
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create view staging.calendar as select 1 as day")
    code = COUNTING_CODE.replace("    return", "    assert len(inputs)\n    return")
    assert _job(url, batch_days=10, batch_inputs=["inputs"]).submit(code) == 4
    assert [(row[1].day, row[2]) for row in _rows(url)] == [(9, 2.0), (18, 2.0), (19, 1.0), (31, 1.0)]


def test_an_invalid_batch_does_not_change_the_table(url: str) -> None:
    _with_input(
        url,
        """select 'A'::text as symbol, '2025-07-02'::date as as_of_date, 1.0::float8 as beta,
        1 as observations, true as is_clipped union all select 'B', '2025-07-30', 'infinity', 1, true""",
    )
    before = _rows(url)
    with pytest.raises(DbtRuntimeError, match="infinite"):
        _job(url, batch_days=10, batch_inputs=["inputs"]).submit(CODE)
    assert _rows(url) == before


IDS_CODE = """
def model(dbt, session):
    changed = dbt.ref("inputs")
    changed["id"] = "changed"  # a model may modify its inputs
    inputs = dbt.ref("inputs")
    missing = inputs["id"].isna().sum()
    return inputs.drop(columns="id").assign(symbol=inputs["id"].fillna("none"), observations=missing)

class dbtObj:
    def __init__(self, load_df_function):
        self.ref = lambda name: load_df_function('"staging"."' + name + '"')
"""


def test_ids_are_text_and_each_ref_is_a_copy(url: str) -> None:
    first, second = "861a4971-68a9-5335-988b-eb9817b549a6", "a36eb94e-4680-52ed-915e-8e29861d0e59"
    _with_input(
        url,
        f"""select id::uuid as id, 'A'::text as symbol, '2025-07-02'::date as as_of_date, 1.0::float8 as beta,
        true as is_clipped from unnest(array['{first}', null, '{second}', '{first}']) as id""",
    )
    assert _job(url).submit(IDS_CODE) == 4
    rows = [row for row in _rows(url) if row[1] == date(2025, 7, 2)]
    assert [row[0] for row in rows] == [first, first, second, "none"]
    assert {row[3] for row in rows} == {1}


# --- arrays ---

ARRAYS = {"id": "integer", "figures": "double precision[]", "counts": "integer[]"}


def test_arrays_are_written_as_postgres_literals() -> None:
    frame = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "figures": [np.array([0.1, np.nan, -1e-300]), np.array([]), np.array([-0.0])],
            "counts": [np.array([90, 0, 7]), np.array([], dtype=int), np.array([1])],
        }
    )
    table = frame_to_arrow(frame, ARRAYS, model="m")
    (batch,) = table.to_batches()
    assert to_csv(batch).decode().splitlines() == [
        '1,"{0.1,NULL,-1e-300}","{90,0,7}"',
        '2,"{}","{}"',
        '3,"{0}","{1}"',
    ]
    assert to_csv(batch.slice(2)).decode().splitlines() == ['3,"{0}","{1}"']


def test_an_unknown_array_is_null_and_a_vector_has_brackets() -> None:
    columns = {"id": "integer", "places": "integer[]", "outcomes": "vector"}
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "places": [None, [3]],
            "outcomes": [np.array([0.5, -0.25]), np.array([0.1, 1e-12])],
        }
    )
    (batch,) = frame_to_arrow(frame, columns, model="m").to_batches()
    assert to_csv(batch).decode().splitlines() == ['1,,"[0.5,-0.25]"', '2,"{3}","[0.1,1e-12]"']
    assert to_csv(batch.slice(1)).decode().splitlines() == ['2,"{3}","[0.1,1e-12]"']


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_vector_has_no_place_for_what_is_unknown(number: float) -> None:
    frame = pd.DataFrame({"outcomes": [np.array([0.5, number])]})
    with pytest.raises(FrameError, match=r"m\.outcomes holds a vector with a null, NaN or infinite number"):
        frame_to_arrow(frame, {"outcomes": "vector"}, model="m")


def test_a_frame_without_rows_fits_every_type() -> None:
    """As on dates without factors, which would fail the build."""
    columns = {"outcomes": "vector", "places": "integer[]", "symbol": "text", "as_of_date": "date"}
    frame = pd.DataFrame({name: [] for name in columns})
    assert frame_to_arrow(frame, columns, model="m").num_rows == 0


def test_an_infinite_number_in_an_array_is_refused() -> None:
    frame = pd.DataFrame({"id": [1], "figures": [np.array([np.inf])], "counts": [np.array([1])]})
    with pytest.raises(FrameError, match=r"m\.figures holds an infinite number"):
        frame_to_arrow(frame, ARRAYS, model="m")
