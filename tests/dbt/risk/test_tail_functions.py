"""Value at risk from outcome vectors, and its parts: the demo against numpy, identities, rights."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.demo.demo import create_demo_users
from tests.claims import claim, user_of
from tests.method_config import RISK_CONFIG
from warehouse.connections import Warehouse
from warehouse.method import method_variables

pytestmark = pytest.mark.slow

SESSIONS = ["2025-07-01", "2025-08-15", "2025-09-12"]
LAST = SESSIONS[-1]
HEDGE_FUND = "a36eb94e-4680-52ed-915e-8e29861d0e59"
INDIVIDUAL = "861a4971-68a9-5335-988b-eb9817b549a6"
PRIVATE = "725641fb-e9f7-5605-a904-1e44c3e95cda"
MEASURES = [("var", 0.95), ("var", 0.99), ("es", 0.95), ("es", 0.99)]
REACH = method_variables()["contribution_reach"]
CONTRIBUTIONS = "select * from udf.portfolio_risk_contributions(%s::uuid, %s::date, %s, %s, %s)"
SINGLE = 1e-5
"""Relative precision of a part: its outcomes are of single precision, and partly offset each other."""

Rows = list[dict[str, Any]]


class Reader:
    """Queries of one connection, as dictionaries."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def __call__(self, text: str, *parameters: Any) -> Rows:
        return self.connection.cursor(row_factory=dict_row).execute(text.encode(), parameters).fetchall()


@pytest.fixture(scope="module")
def read(demo: Warehouse) -> Iterator[Reader]:
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield Reader(connection)


def positions_of(read: Reader, portfolio_id: str, day: str) -> Rows:
    """The open positions with their outcomes in USD over the window, None where there are none."""
    rows = read(
        """select positions.position_id, positions.symbol, positions.underlying_symbol, positions.sector,
        positions.investment_class, positions.delta_adjusted_exposure::float8 as exposure,
        details.is_cash_equivalent, details.own_tags, outcomes.outcomes::real[] as outcomes,
        case when positions.investment_class = 'OPTIONS' then 100 * positions.quantity
        else positions.market_value end::float8 as units
        from fct_position_values as positions join dim_positions as details using (position_id)
        left join fct_instrument_outcomes as outcomes on outcomes.portfolio_id = positions.portfolio_id
        and outcomes.as_of_date = positions.as_of_date
        and outcomes.instrument_id = positions.instrument_id
        where positions.portfolio_id = %s and positions.as_of_date = %s and is_open""",
        portfolio_id,
        day,
    )
    for row in rows:
        if row["outcomes"] is not None:
            row["pnl"] = row["units"] * np.array(row["outcomes"], dtype=np.float64)[-RISK_CONFIG.window :]
        else:
            row["pnl"] = None
    return rows


def figure(pnl: np.ndarray, measure: str, confidence: float) -> float:
    quantile = np.quantile(pnl, round(1 - confidence, 9))
    return float(-quantile if measure == "var" else -pnl[pnl <= quantile].mean())


def weights(total: np.ndarray, measure: str, confidence: float) -> np.ndarray:
    """By their definitions: equal in the tail, or declining over the neighbours of the quantile."""
    if measure == "es":
        in_tail = total <= np.quantile(total, round(1 - confidence, 9))
        return np.asarray(in_tail / in_tail.sum())
    places = np.empty(len(total))
    places[np.argsort(total, kind="stable")] = np.arange(len(total))
    near = np.maximum(0, 1 - abs(places - (1 - confidence) * (len(total) - 1)) / (REACH + 1))
    return np.asarray(near * figure(total, measure, confidence) / -(near @ total))


@pytest.mark.parametrize("day", SESSIONS)
def test_vectors_have_the_published_value_at_risk(read: Reader, day: str) -> None:
    risk = read("select * from fct_portfolio_risk where as_of_date = %s", day)
    figures = {
        (row["portfolio_id"], method, row["confidence"]): row
        for method, name in (("historical", "portfolio_var"), ("filtered", "portfolio_var_filtered"))
        for row in read(
            f"select * from udf.{name}((select array_agg(portfolio_id) from dim_portfolios), %s)", day
        )
    }
    expected = 0
    for row in risk:
        for label, confidence in ((95, 0.95), (99, 0.99)):
            for method, suffix in (("historical", ""), ("filtered", "_filtered")):
                published = row[f"var_{label}_1d{suffix}"]
                if published is None:
                    continue
                expected += 1
                own = figures[row["portfolio_id"], method, confidence]
                assert own["value_at_risk"] == pytest.approx(published, rel=1e-6)
                assert own["expected_shortfall"] == pytest.approx(row[f"es_{label}_1d{suffix}"], rel=1e-6)
                if method == "historical":
                    assert own["outcomes"] == row["scenario_days"]
    assert expected == len(figures) >= 16


def test_the_vector_of_what_is_linear_is_its_returns(read: Reader) -> None:
    """A dollar of each symbol held."""
    prices: dict[str, dict[Any, float]] = defaultdict(dict)
    for row in read("select symbol, as_of_date, daily_return from fct_prices where as_of_date <= %s", LAST):
        prices[row["symbol"]][row["as_of_date"]] = row["daily_return"]
    days = sorted(prices["SPY"])[-RISK_CONFIG.window :]
    compared = 0
    for row in read(
        """select distinct on (instrument_id) instrument_id, outcomes::real[] as outcomes
        from fct_instrument_outcomes
        where as_of_date = %s and instrument_id in (select symbol from dim_symbols) order by instrument_id""",
        LAST,
    ):
        expected = [prices[row["instrument_id"]].get(day) for day in days]
        pairs = zip(row["outcomes"][-RISK_CONFIG.window :], expected, strict=True)
        known = [pair for pair in pairs if pair[1] is not None]  # others are proxied
        found = np.array(known).reshape(-1, 2)
        np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=1e-6, atol=1e-9)
        compared += len(found) == RISK_CONFIG.window
    assert compared > 30


@pytest.mark.parametrize(("measure", "confidence"), MEASURES)
@pytest.mark.parametrize("part_of", ["position", "symbol", "sector"])
def test_contributions_equal_those_of_numpy(
    read: Reader, measure: str, confidence: float, part_of: str
) -> None:
    positions = positions_of(read, HEDGE_FUND, LAST)
    names = {
        "position": lambda row: str(row["position_id"]),
        "symbol": lambda row: row["underlying_symbol"] or row["symbol"],
        "sector": lambda row: row["sector"] or "Unclassified",
    }
    parts: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(RISK_CONFIG.window))
    exposures: dict[str, float] = defaultdict(float)
    for row in positions:
        assert row["pnl"] is not None or row["is_cash_equivalent"]
        name = names[part_of](row)
        parts[name] = parts[name] + (0 if row["pnl"] is None else row["pnl"])
        exposures[name] += 0 if row["is_cash_equivalent"] else row["exposure"]
    total = sum(parts.values())
    weight, whole = weights(total, measure, confidence), figure(total, measure, confidence)
    found = {row["part"]: row for row in read(CONTRIBUTIONS, HEDGE_FUND, LAST, measure, confidence, part_of)}
    assert found.keys() == parts.keys()
    for name, pnl in parts.items():
        row, component = found[name], float(-(weight @ pnl))
        near = {"rel": SINGLE, "abs": SINGLE * whole}
        assert row["null_reason"] is None
        assert row["total"] == pytest.approx(whole, rel=1e-6)
        assert row["component"] == pytest.approx(component, **near)
        assert row["share"] == pytest.approx(component / whole, rel=SINGLE, abs=SINGLE)
        assert row["standalone"] == pytest.approx(figure(pnl, measure, confidence), **near)
        assert row["incremental"] == pytest.approx(whole - figure(total - pnl, measure, confidence), **near)
        assert row["exposure"] == pytest.approx(exposures[name])
        if exposures[name] == 0:  # an option without a delta to speak of
            assert row["marginal"] is None
        else:
            assert row["marginal"] == pytest.approx(component / exposures[name], rel=SINGLE, abs=1e-6)


@pytest.mark.parametrize(("measure", "confidence"), MEASURES)
@pytest.mark.parametrize("day", SESSIONS)
def test_parts_add_up_and_every_open_position_has_one(
    read: Reader, day: str, measure: str, confidence: float
) -> None:
    column = f"{measure}_{round(100 * confidence)}_1d"
    for row in read("select * from fct_portfolio_risk where as_of_date = %s", day):
        portfolio_id, published = row["portfolio_id"], row[column]
        snapshot = read(
            "select position_count from fct_portfolio_snapshots where portfolio_id = %s and as_of_date = %s",
            portfolio_id,
            day,
        )
        for part_of in ("position", "symbol", "sector"):
            parts = read(CONTRIBUTIONS, portfolio_id, day, measure, confidence, part_of)
            assert sum(part["position_count"] for part in parts) == snapshot[0]["position_count"]
            components = [part["component"] for part in parts if part["component"] is not None]
            if published is None:
                assert components == []
                assert {part["null_reason"] for part in parts} == {"too_few_outcomes"}
            else:
                assert sum(components) == pytest.approx(published, rel=SINGLE)
                assert sum(part["share"] or 0 for part in parts) == pytest.approx(1, rel=SINGLE)
                # subadditive: a part of the expected shortfall is at most what it is alone
                for part in parts if measure == "es" else []:
                    if part["component"] is not None:
                        assert part["component"] <= part["standalone"] + SINGLE * published


@pytest.mark.parametrize(("measure", "confidence"), MEASURES)
def test_a_factor_is_its_move_times_the_exposure_and_the_rest_is_specific(
    read: Reader, measure: str, confidence: float
) -> None:
    positions = positions_of(read, HEDGE_FUND, LAST)
    total = sum(row["pnl"] for row in positions if row["pnl"] is not None)
    parts = {
        row["factor"]: row["dollar_exposure"]
        * np.array(row["outcomes"], dtype=np.float64)[-RISK_CONFIG.window :]
        for row in read(
            """select factor, dollar_exposure, outcomes::real[] as outcomes from fct_factor_outcomes
            where portfolio_id = %s and as_of_date = %s""",
            HEDGE_FUND,
            LAST,
        )
    }
    assert len(parts) == 8
    # the market's moves are those of its fund
    (market,) = read(
        "select array_agg(daily_return order by as_of_date) as moves from fct_prices"
        " where symbol = 'SPY' and as_of_date <= %s",
        LAST,
    )
    known = np.array(market["moves"][-RISK_CONFIG.window :], dtype=np.float64)
    exposure = read(
        """select dollar_exposure from fct_portfolio_factor_exposures where portfolio_id = %s
        and as_of_date = %s and model = 'risk' and factor = 'Market'""",
        HEDGE_FUND,
        LAST,
    )[0]["dollar_exposure"]
    np.testing.assert_allclose(parts["Market"], exposure * known, rtol=1e-5, atol=1e-3 * abs(exposure) / 1e3)
    parts["Specific"] = total - sum(parts.values())
    weight = weights(total, measure, confidence)
    found = {row["part"]: row for row in read(CONTRIBUTIONS, HEDGE_FUND, LAST, measure, confidence, "factor")}
    assert found.keys() == parts.keys()
    whole = figure(total, measure, confidence)
    for name, pnl in parts.items():
        expected = float(-(weight @ pnl))
        assert found[name]["component"] == pytest.approx(expected, rel=1e-4, abs=1e-4 * whole), name
    assert sum(row["component"] for row in found.values()) == pytest.approx(whole, rel=SINGLE)
    assert found["Specific"]["exposure"] is None


def test_a_tag_is_the_part_of_the_positions_that_carry_it(read: Reader) -> None:
    by_position = {
        str(row["position_id"]): row["component"]
        for row in read(CONTRIBUTIONS, HEDGE_FUND, LAST, "es", 0.95, "position")
    }
    carried = defaultdict(set)
    for row in read(
        """select positions.position_id, tags.tag from fct_position_values as positions
        join dim_position_tags as tags on tags.portfolio_id = positions.portfolio_id
        and tags.symbol = positions.symbol and as_of_date >= valid_from
        and (as_of_date < valid_before or valid_before is null)
        where positions.portfolio_id = %s and as_of_date = %s and is_open
        union select position_id, unnest(own_tags) from dim_positions join fct_position_values
        using (position_id) where dim_positions.portfolio_id = %s and as_of_date = %s and is_open""",
        *(HEDGE_FUND, LAST) * 2,
    ):
        carried[row["tag"]].add(str(row["position_id"]))
    found = {row["part"]: row for row in read(CONTRIBUTIONS, HEDGE_FUND, LAST, "es", 0.95, "tag")}
    assert found.keys() == carried.keys() != set()
    for tag, positions in carried.items():
        expected = sum(by_position[one] for one in positions)
        assert found[tag]["component"] == pytest.approx(expected, rel=SINGLE, abs=0.01)
        assert found[tag]["position_count"] == len(positions)


def test_what_has_no_outcomes_says_why(read: Reader) -> None:
    rows = read(CONTRIBUTIONS, PRIVATE, LAST, "var", 0.95, "position")
    assert rows
    assert {row["null_reason"] for row in rows} == {"too_few_outcomes"}
    mixed = "5515c320-6894-59e2-ab83-6da49a6a52c1"
    found = read(CONTRIBUTIONS, mixed, LAST, "es", 0.95, "position")
    privates = [row for row in found if row["null_reason"] == "private"]
    assert privates
    assert {(row["component"], row["standalone"], row["measured_count"]) for row in privates} == {
        (None, None, 0)
    }


UNKNOWN = [
    ("volatility", 0.95, "symbol", "measure is var or es, not volatility"),
    (None, 0.95, "symbol", "measure is var or es, not null"),
    ("es", 95, "symbol", "confidence is between 0 and 1, such as 0.95, not 95"),
    ("es", 0.95, "country", "part_of is position, symbol, sector, tag or factor, not country"),
]


@pytest.mark.parametrize(("measure", "confidence", "part_of", "sentence"), UNKNOWN)
def test_an_argument_that_is_not_known_is_refused(
    read: Reader, measure: str | None, confidence: float, part_of: str, sentence: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=f"^{sentence}\n"):
        read(CONTRIBUTIONS, HEDGE_FUND, LAST, measure, confidence, part_of)


CALLS = {
    "portfolio_outcomes": "select * from udf.portfolio_outcomes(array[%s]::uuid[], %s)",
    "portfolio_var": "select * from udf.portfolio_var(array[%s]::uuid[], %s)",
    "portfolio_var_filtered": "select * from udf.portfolio_var_filtered(array[%s]::uuid[], %s)",
    "portfolio_tail_weights": "select * from udf.portfolio_tail_weights(%s, %s, 'es', 0.95)",
    "portfolio_parts": "select * from udf.portfolio_parts(%s, %s, 'tag')",
    "portfolio_risk_contributions": CONTRIBUTIONS.replace("%s, %s, %s)", "'es', 0.95, 'position')"),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_read_what_the_caller_may_see(demo: Warehouse, read: Reader, name: str) -> None:
    text = f"{CALLS[name]} order by 1, 2"
    with demo.connect_writer() as writer:
        create_demo_users(writer)
    with psycopg.connect(demo.api_url) as connection:
        api = Reader(connection)
        api("select set_config('search_path', 'marts', true)")
        claim(connection, user_of(demo, "demo_hedgefundstyle@sigmasight.com"))
        assert api(text, HEDGE_FUND, LAST) == read(text, HEDGE_FUND, LAST) != []
        assert api(text, INDIVIDUAL, LAST) == []
    with psycopg.connect(demo.analyst_url) as connection:
        then = Reader(connection)
        then("select set_config('search_path', 'marts_at', true)")
        then("select set_config('sigmasight.published_at', now()::text, true)")
        assert then(text, HEDGE_FUND, LAST) == read(text, HEDGE_FUND, LAST)
        then("select set_config('sigmasight.published_at', '2000-01-01', true)")
        assert then(text, HEDGE_FUND, LAST) == []


@pytest.mark.parametrize(("units", "outcomes"), [(0, [2.0, -4.0]), (1, [None, -3.0])])
def test_a_session_on_which_only_what_has_no_units_is_unknown_is_known(
    demo: Warehouse, units: int, outcomes: list[float | None]
) -> None:
    """Dust, and longs and shorts that cancel, leave out no session, as in the published value at risk."""
    with demo.connect_writer() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            """create temporary table fct_instrument_outcomes as
            select cast(%s as uuid) as portfolio_id, cast(%s as date) as as_of_date, held.*
            from (values
                ('KNOWN', 2::float8, cast('[1,-2]' as public.vector), null::integer[]),
                ('UNKNOWN', cast(%s as float8), cast('[0,1]' as public.vector), array[1])
            ) as held (instrument_id, units, outcomes, unknown_sessions)""",
            [INDIVIDUAL, LAST, units],
        )
        connection.execute("set local search_path = pg_temp, public")
        found = connection.execute(
            "select outcome from udf.portfolio_outcomes(array[cast(%s as uuid)], %s) order by session_number",
            [INDIVIDUAL, LAST],
        ).fetchall()
    assert [outcome for (outcome,) in found] == outcomes
