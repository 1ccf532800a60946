"""From a column of a statement to the mart columns that its values come from."""

import pytest

from api.chat.tools.tracing import Origin, UntraceableError, trace

MARTS = {
    "snapshots": ("portfolio_id", "equity", "daily_pnl"),
    "exposures": ("portfolio_id", "gross_exposure"),
}


def traced(statement: str) -> dict[str, tuple[list[str], bool]]:
    """Each column: its origins, and whether its values are unchanged."""
    return {
        output.name: ([".".join(origin) for origin in output.origins], output.is_unchanged)
        for output in trace(statement, MARTS)
    }


def test_a_column_of_a_mart_is_unchanged() -> None:
    assert traced("select equity as worth from marts.snapshots") == {"worth": (["snapshots.equity"], True)}


def test_an_expression_has_the_origins_of_all_its_values() -> None:
    found = traced(
        "select e.gross_exposure / nullif(s.equity, 0) as leverage "
        "from snapshots s join exposures e using (portfolio_id)"
    )
    assert found == {"leverage": (["exposures.gross_exposure", "snapshots.equity"], False)}


def test_columns_are_followed_through_ctes_subqueries_and_stars() -> None:
    found = traced(
        """
        with named as (select portfolio_id as id, equity from snapshots),
        again (key, worth) as (select * from named)
        select inner_one.*, (select sum(gross_exposure) from exposures where portfolio_id = key) as gross
        from (select key, worth from again) as inner_one
        """
    )
    assert found == {
        "key": (["snapshots.portfolio_id"], True),
        "worth": (["snapshots.equity"], True),
        "gross": (["exposures.gross_exposure"], False),
    }


def test_a_union_has_the_origins_of_both_sides() -> None:
    found = traced("select equity as amount from snapshots union all select gross_exposure from exposures")
    assert found == {"amount": (["snapshots.equity", "exposures.gross_exposure"], False)}


def test_conditions_are_no_values() -> None:
    found = traced(
        """
        select
            sum(equity) filter (where daily_pnl > 0) as winners,
            case when daily_pnl > 0 then equity end as worth,
            exists (select from exposures) as there,
            row_number() over (order by daily_pnl) as place
        from snapshots
        """
    )
    assert found == {
        "winners": (["snapshots.equity"], False),
        "worth": (["snapshots.equity"], False),
        "there": ([], False),
        "place": ([], False),
    }


def test_lateral_values_name_columns_of_the_tables_before() -> None:
    found = traced(
        """
        select method.amount from snapshots
        cross join lateral (values ('a', equity), ('b', daily_pnl)) as method (name, amount)
        """
    )
    assert found == {"amount": (["snapshots.equity", "snapshots.daily_pnl"], False)}


def test_parameters_of_psycopg_are_allowed() -> None:
    found = traced("select equity from snapshots where portfolio_id = any(%(ids)s::uuid[]) and 5 %% 2 = 1")
    assert found == {"equity": (["snapshots.equity"], True)}


def test_a_function_in_from_has_the_origins_of_its_arguments() -> None:
    found = traced("select tag from snapshots cross join lateral unnest(array[equity]) as tags (tag)")
    assert found == {"tag": (["snapshots.equity"], False)}


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("select 1; select 2", "cannot be parsed as one"),
        ("select from where", "cannot be parsed as one"),
        ("delete from snapshots", "Only queries"),
        ("select equity from elsewhere", "elsewhere is not a mart"),
        ("select nothing from snapshots", "nothing is not found"),
        ("select * from json_table('{}', '$' columns (a int path '$')) as t", "is not followed"),
    ],
)
def test_what_is_not_followed_is_said(statement: str, problem: str) -> None:
    with pytest.raises(UntraceableError, match=problem):
        trace(statement, MARTS)


def test_origins_name_mart_and_column() -> None:
    (output,) = trace("select equity from snapshots", MARTS)
    assert output.origins == (Origin("snapshots", "equity"),)
