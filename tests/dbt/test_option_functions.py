"""Option functions of the warehouse: equal to the kernel, null outside their domain, callable by readers."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import errors

from python_models.options.greeks import option_greeks
from warehouse.connections import Warehouse

FUNCTIONS = ["price", "delta", "gamma", "theta", "vega", "rho"]
OPTION = ("CALL", 49.0, 50.0, 0.3846, 0.05, 0.0, 0.20)  # Hull, chapter 19
ARGUMENTS = "option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility"
CALLS = ", ".join(f"udf.bs_{name}({ARGUMENTS})" for name in FUNCTIONS)
SIZE = 2000


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of the analyst to a warehouse with the functions."""
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield connection


def _ask(analyst: psycopg.Connection[tuple[Any, ...]], *option: object) -> tuple[Any, ...]:
    """All functions' answers for one option."""
    values = "cast(%s as text), " + ", ".join(["cast(%s as double precision)"] * 6)
    row = analyst.execute(f"select {CALLS} from (values ({values})) as options ({ARGUMENTS})", option)
    return row.fetchall()[0]


def _random_options() -> list[tuple[str, float, float, float, float, float, float]]:
    rng = np.random.default_rng(17)
    spot = rng.uniform(2, 900, SIZE)
    columns = [
        spot,
        spot * np.exp(rng.normal(0, 0.5, SIZE)),
        rng.integers(1, 1500, SIZE) / 365,
        rng.uniform(-0.01, 0.09, SIZE),
        rng.choice([0.0, 0.013, 0.05], SIZE),
        rng.uniform(0.05, 2.0, SIZE),
    ]
    types = rng.choice(["CALL", "PUT", "call", "Put"], SIZE)
    return [(str(kind), *numbers) for kind, numbers in zip(types, np.array(columns).T.tolist(), strict=True)]  # type: ignore[misc]


def test_every_function_equals_the_kernel(analyst: psycopg.Connection[tuple[Any, ...]]) -> None:
    options = _random_options()
    found = analyst.execute(
        f"""select {CALLS} from unnest(
            %s::text[], {", ".join(["%s::double precision[]"] * 6)}
        ) with ordinality as options ({ARGUMENTS}, number) order by number""",
        [list(column) for column in zip(*options, strict=True)],
    ).fetchall()
    is_call = [option[0].upper() == "CALL" for option in options]
    numbers = np.array([option[1:] for option in options]).T
    greeks = option_greeks(is_call, *numbers)
    spot, strike = numbers[0], numbers[1]
    rounding = {"price": 1e-13 * (spot + strike), "theta": 1e-14 * (spot + strike)}
    for name, answers in zip(FUNCTIONS, np.array(found, dtype=float).T, strict=True):
        expected = getattr(greeks, name)
        assert (np.abs(answers - expected) <= 1e-12 * np.abs(expected) + rounding.get(name, 1e-200)).all(), (
            name
        )


def test_functions_reproduce_hulls_examples(analyst: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Hull, examples 19.1, 19.2, 19.4, 19.6, 19.7; and 15.6 for the price."""
    price, *_ = _ask(analyst, "call", 42, 40, 0.5, 0.10, 0, 0.20)
    assert price == pytest.approx(4.76, abs=0.005)
    _, delta, gamma, theta, vega, rho = _ask(analyst, *OPTION)
    assert delta == pytest.approx(0.522, abs=5e-4)
    assert gamma == pytest.approx(0.066, abs=5e-4)
    assert theta * 365 == pytest.approx(-4.31, abs=0.005)
    assert vega * 100 == pytest.approx(12.1, abs=0.05)
    assert rho * 100 == pytest.approx(8.91, abs=0.005)


@pytest.mark.parametrize("position", range(7))
def test_a_null_argument_gives_null(analyst: psycopg.Connection[tuple[Any, ...]], position: int) -> None:
    option = [None if at == position else value for at, value in enumerate(OPTION)]
    assert _ask(analyst, *option) == (None,) * 6


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, "FORWARD"),
        (0, ""),
        *((position, value) for position in (1, 2, 3, 6) for value in (0.0, -1.0)),
        *((position, value) for position in range(1, 7) for value in (math.nan, math.inf, -math.inf)),
    ],
)
def test_outside_the_domain_is_null_not_an_error(
    analyst: psycopg.Connection[tuple[Any, ...]], position: int, value: object
) -> None:
    option = [value if at == position else given for at, given in enumerate(OPTION)]
    assert _ask(analyst, *option) == (None,) * 6


@pytest.mark.parametrize("option_type", ["CALL", "PUT"])
@pytest.mark.parametrize("years", [1e-8, 1 / 365, 1.0, 30.0])
def test_extreme_inputs_do_not_raise(
    analyst: psycopg.Connection[tuple[Any, ...]], option_type: str, years: float
) -> None:
    """Postgres raises an error where a float overflows or underflows."""
    for strike in (1e-6, 1.0, 99.0, 100.0, 1e4, 1e9):
        for volatility in (1e-6, 0.01, 0.2, 5.0, 100.0):
            answers = _ask(analyst, option_type, 100.0, strike, years, 0.05, 0.02, volatility)
            expected = option_greeks(option_type == "CALL", 100, strike, years, 0.05, 0.02, volatility)
            for name, answer in zip(FUNCTIONS, answers, strict=True):
                assert answer == pytest.approx(
                    float(getattr(expected, name)), rel=1e-9, abs=1e-12 * (100 + strike)
                ), (name, strike, volatility)


def test_the_tail_of_the_normal_distribution_keeps_its_precision(
    analyst: psycopg.Connection[tuple[Any, ...]],
) -> None:
    for x in (-25.0, -10.0, -3.0, 0.0, 1.0, 9.0):
        (found,) = analyst.execute("select udf.norm_cdf(%s::double precision)", [x]).fetchall()[0]
        assert found == pytest.approx(0.5 * math.erfc(-x / math.sqrt(2)), rel=1e-14)
    assert analyst.execute("select udf.norm_cdf(null), udf.norm_cdf(-1e6) > 0").fetchall() == [(None, True)]


def test_the_functions_are_immutable_parallel_safe_and_inlined(
    analyst: psycopg.Connection[tuple[Any, ...]],
) -> None:
    """Functions that are not inlined, or that prevent parallel plans, make queries slow."""
    kinds = analyst.execute(
        """select proname, provolatile, proparallel from pg_proc
        where pronamespace = 'udf'::regnamespace and prokind = 'f' and prolang <> 12"""
    ).fetchall()
    kinds = [kind for kind in kinds if str(kind[0]).startswith(("bs_", "norm_", "option_"))]
    assert len(kinds) == 10
    assert {kind[1:] for kind in kinds} == {("i", "s")}
    option = "'CALL', 100 + n, 100, 0.5, 0.05, 0, 0.2"
    for name in FUNCTIONS:
        plan = analyst.execute(
            f"explain (verbose) select udf.bs_{name}({option}) from generate_series(1, 10) as n"
        ).fetchall()
        text = " ".join(str(line) for (line,) in plan)
        assert "erfc" in text or "exp" in text
        assert "udf." not in text, text


def test_only_readers_may_call_functions(
    analyst: psycopg.Connection[tuple[Any, ...]], demo: Warehouse
) -> None:
    with psycopg.connect(demo.api_url) as api:
        assert api.execute("select udf.bs_delta('PUT', 100, 100, 1, 0, 0, 0.2) < 0").fetchall() == [(True,)]
    public = analyst.execute(
        """select count(*) from pg_proc where pronamespace = 'udf'::regnamespace and proname like 'bs%'
        and has_function_privilege('public', oid, 'execute')"""
    )
    assert public.fetchall() == [(0,)]
    analyst.execute("set default_transaction_read_only = off")  # the guard is the grant
    with pytest.raises(errors.InsufficientPrivilege):
        analyst.execute("create or replace function udf.bs_price() returns int return 1")
