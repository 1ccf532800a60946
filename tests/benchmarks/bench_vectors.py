"""Value at risk and its parts from outcome vectors, beside the same statement without vectors, and numpy.

    python -m tests.benchmarks.bench_vectors --home FOLDER [--write]

FOLDER is a home with a published warehouse, such as the demonstration's: it has the functions. They read
1,000 invented portfolios of 50 positions over 500 symbols, in temporary tables of the marts' own shape, which
come first on the search path of this session.
"""

import argparse
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from tests.benchmarks.comparison import Comparison, best_of
from tests.benchmarks.kernels.__main__ import table
from tests.benchmarks.report import made_by, write_readme
from tests.method_config import RISK_CONFIG
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

BEGIN, END = "<!-- vectors: begin -->", "<!-- vectors: end -->"
PORTFOLIOS, POSITIONS, SYMBOLS = 1_000, 50, 500
DAY = "2025-09-12"
SECONDS, ONE_SECONDS = 0.5, 0.005
MARTS = ("fct_position_values", "dim_positions", "dim_position_tags", "fct_factor_outcomes")
IDS = "select array_agg(distinct portfolio_id) from held"
ALL = f"select * from udf.portfolio_var(({IDS}), '{DAY}')"
ONE = "select part, component from udf.portfolio_risk_contributions(%s, %s, 'es', 0.95, 'position')"

WITHOUT_VECTORS = f"""
with sessions as (
    select held.portfolio_id, outcomes.session_number, sum(held.units * outcomes.outcome) as outcome
    from held join plain as outcomes using (instrument_id)
    where outcomes.session_number > {RISK_CONFIG.history - RISK_CONFIG.window}
    group by held.portfolio_id, outcomes.session_number
)
select portfolio_id, percentile_cont(array[0.05, 0.01]) within group (order by outcome)
from sessions group by portfolio_id
"""


def measure(warehouse: Warehouse) -> list[Comparison]:
    """All portfolios against both peers, and one portfolio's parts."""
    with warehouse.connect_writer() as connection:
        outcomes = _invent(connection)
        figures = {(row[0], row[1]): row[2] for row in connection.execute(ALL.encode())}
        _check(figures, connection, outcomes)
        ours = best_of(lambda: connection.execute(ALL.encode()).fetchall(), times=3)
        peer = best_of(lambda: connection.execute(WITHOUT_VECTORS.encode()).fetchall(), times=1)
        dense = best_of(lambda: _numpy(connection), times=3)
        one = connection.execute("select min(portfolio_id::text)::uuid from held").fetchone()
        assert one is not None
        single = best_of(lambda: connection.execute(ONE, [one[0], DAY]).fetchall(), times=20)
        bare = best_of(lambda: _one_in_numpy(connection, one[0]), times=20)
    what = f"VaR and ES of {PORTFOLIOS:,} portfolios x {POSITIONS}, historical, one statement"
    target, met = f"at most {SECONDS} s", ours <= SECONDS
    return [
        Comparison(what, ours, "SQL with a row per outcome, VaR alone", peer, 1, target, met),
        Comparison(what, ours, "numpy with its queries, VaR and ES", dense, 1, target, met),
        Comparison(
            f"ES of one portfolio by its {POSITIONS} positions: component, alone, without",
            *(single, "numpy with its queries, components alone", bare, 1),
            *(f"at most {1_000 * ONE_SECONDS:.0f} ms", single <= ONE_SECONDS),
        ),
    ]


def _invent(connection: psycopg.Connection[Any]) -> np.ndarray:
    """Fill the temporary tables; the outcomes, shape (SYMBOLS, history)."""
    rng = np.random.default_rng(1)
    outcomes = (0.01 * rng.standard_t(4, (SYMBOLS, RISK_CONFIG.history))).astype(np.float32)
    connection.execute("create temporary table vectors (instrument_id text primary key, outcomes vector)")
    with connection.cursor().copy("copy vectors from stdin") as copy:
        for number, row in enumerate(outcomes):
            copy.write_row((f"S{number}", "[" + ",".join(map(repr, row.astype(float).tolist())) + "]"))
    connection.execute(
        "create temporary table held (portfolio_id uuid, instrument_id text, units double precision)"
    )
    with connection.cursor().copy("copy held from stdin") as copy:
        for number in range(PORTFOLIOS):
            for symbol in rng.choice(SYMBOLS, POSITIONS, replace=False):
                copy.write_row((UUID(int=number + 1), f"S{symbol}", float(rng.normal(2e4, 2e4))))
    connection.execute(SETUP.encode())
    for mart in MARTS:
        connection.execute(f"create temporary table {mart} (like marts.{mart})".encode())
    connection.execute(POSITION_ROWS.encode())
    connection.execute("analyze; set search_path = pg_temp, marts, public")
    return outcomes


SETUP = f"""
create index on held (portfolio_id);
create temporary view fct_instrument_outcomes as
select held.portfolio_id, date '{DAY}' as as_of_date, held.instrument_id, held.instrument_id as symbol,
held.units, vectors.outcomes, cast(null as integer[]) as unknown_sessions, 0 as proxied_sessions
from held join vectors using (instrument_id);
create temporary table plain as
select instrument_id, session_number, cast(outcome as double precision) as outcome
from vectors, unnest(cast(outcomes as real[])) with ordinality as sessions (outcome, session_number);
"""

POSITION_ROWS = f"""
insert into fct_position_values (
    position_id, portfolio_id, as_of_date, symbol, instrument_id, investment_class, is_open, quantity,
    market_value, delta_adjusted_exposure
)
select gen_random_uuid(), portfolio_id, '{DAY}', instrument_id, instrument_id, 'PUBLIC', true, 1, units, units
from held;
insert into dim_positions (position_id, portfolio_id, is_cash_equivalent, own_tags)
select position_id, portfolio_id, false, '{{}}' from fct_position_values;
create index on fct_position_values (portfolio_id, as_of_date);
create index on dim_positions (position_id);
"""


def _numpy(connection: psycopg.Connection[Any]) -> np.ndarray:
    """VaR and ES by a dense product, rows read from the same tables."""
    names, rows = zip(
        *connection.execute("select instrument_id, outcomes::real[] from vectors").fetchall(), strict=True
    )
    held = connection.execute("select portfolio_id, instrument_id, units from held").fetchall()
    place = {name: number for number, name in enumerate(names)}
    portfolio = {one: number for number, one in enumerate(dict.fromkeys(row[0] for row in held))}
    units = np.zeros((len(portfolio), len(names)))
    units[[portfolio[row[0]] for row in held], [place[row[1]] for row in held]] = [row[2] for row in held]
    pnl = np.sort(units @ np.array(rows, dtype=np.float64)[:, -RISK_CONFIG.window :], axis=1)
    quantiles = np.quantile(pnl, [0.05, 0.01], axis=1)
    tails = [np.where(pnl <= one[:, None], pnl, np.nan) for one in quantiles]
    return np.concatenate([-quantiles, [-np.nanmean(tail, axis=1) for tail in tails]])


def _one_in_numpy(connection: psycopg.Connection[Any], portfolio_id: UUID) -> np.ndarray:
    rows = connection.execute(
        "select units, outcomes::real[] from fct_instrument_outcomes where portfolio_id = %s", [portfolio_id]
    ).fetchall()
    parts = np.array([row[0] for row in rows])[:, None] * np.array([row[1] for row in rows], dtype=np.float64)
    window = parts[:, -RISK_CONFIG.window :]
    total = window.sum(axis=0)
    mean: np.ndarray = -window[:, total <= np.quantile(total, 0.05)].mean(axis=1)
    return mean


def _check(
    figures: dict[tuple[UUID, float], float], connection: psycopg.Connection[Any], outcomes: np.ndarray
) -> None:
    """Both peers have the same figures."""
    assert outcomes.shape == (SYMBOLS, RISK_CONFIG.history)
    for portfolio_id, (low, lower) in connection.execute(WITHOUT_VECTORS.encode()):
        np.testing.assert_allclose(figures[portfolio_id, 0.95], -low, rtol=1e-5)
        np.testing.assert_allclose(figures[portfolio_id, 0.99], -lower, rtol=1e-5)


def main() -> int:
    """Measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_vectors", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home with a published warehouse")
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args()
    found = measure(open_warehouse(Settings(sigmasight_home=asked.home)))
    report = "\n".join(
        [made_by("python -m tests.benchmarks.bench_vectors --home FOLDER --write"), *table(found)]
    )
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report + "\n", BEGIN, END)
    return 0 if all(comparison.is_met for comparison in found) else 1


if __name__ == "__main__":
    sys.exit(main())
