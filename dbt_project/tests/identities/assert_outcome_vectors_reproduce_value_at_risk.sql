-- The weighted sums of outcome vectors have the published value at risk and expected shortfall. Vectors are of single
-- precision: the tolerance is a millionth of the figure, or of what the holdings move without offsetting each other,
-- and 1e-9 USD of each holding, to which the P&L of a session is rounded. An
-- outcome as near to the end of the tail may be in it or not: the shortfall is between that with and without it.
with held as (
    select * from ({{ tested_rows(ref('fct_instrument_outcomes')) }}) as tested
),

risk as (
    select * from ({{ tested_rows(ref('fct_portfolio_risk')) }}) as tested
),

totals as (
    select
        portfolio_id,
        as_of_date,
        cast({{ sum_of_vectors('outcomes', 'units', order='instrument_id') }} as real[]) as outcomes,
        sum(abs(units) * public.vector_norm(outcomes) / sqrt(public.vector_dims(outcomes))) as gross_move,
        count(*) as holdings
    from held
    group by portfolio_id, as_of_date
),

unknown as (
    select
        held.portfolio_id,
        held.as_of_date,
        array_agg(positions.session_number) as session_numbers
    from held
    cross join unnest(held.unknown_sessions) as positions (session_number)
    where held.units <> 0
    group by held.portfolio_id, held.as_of_date
),

sorted as (
    select
        totals.portfolio_id,
        totals.as_of_date,
        totals.gross_move,
        totals.holdings,
        (
            select array_agg(cast(sessions.outcome as double precision) order by sessions.outcome)
            from unnest(totals.outcomes) with ordinality as sessions (outcome, session_number)
            where
                sessions.session_number > cardinality(totals.outcomes) - {{ var('risk_rules').window }}
                and coalesce(sessions.session_number <> all(unknown.session_numbers), true)
        ) as outcomes
    from totals
    left join unknown
        on totals.portfolio_id = unknown.portfolio_id and totals.as_of_date = unknown.as_of_date
),

levels as (
    select
        risk.portfolio_id,
        risk.as_of_date,
        levels.confidence,
        levels.value_at_risk,
        levels.expected_shortfall,
        sorted.gross_move,
        sorted.holdings,
        sorted.outcomes,
        {{ quantile_of('sorted.outcomes', 'levels.confidence') }} as quantile
    from risk
    cross join
        unnest(
            cast(array[0.95, 0.99] as double precision[]),
            array[risk.var_95_1d, risk.var_99_1d],
            array[risk.es_95_1d, risk.es_99_1d]
        ) as levels (confidence, value_at_risk, expected_shortfall)
    left join sorted
        on risk.portfolio_id = sorted.portfolio_id and risk.as_of_date = sorted.as_of_date
),

-- computed once, not for each outcome
bounded as materialized (
    select
        *,
        1e-6 * greatest(gross_move, abs(value_at_risk)) + 1e-9 * holdings as tolerance,
        {{ tail_end('quantile') }} as tail_end
    from levels
),

compared as (
    select
        bounded.*,
        -(
            select avg(tail.outcome) from unnest(bounded.outcomes) as tail (outcome)
            where tail.outcome <= greatest(bounded.tail_end - bounded.tolerance, bounded.outcomes[1])
        ) as highest,
        -(
            select avg(tail.outcome) from unnest(bounded.outcomes) as tail (outcome)
            where tail.outcome <= bounded.tail_end + bounded.tolerance
        ) as lowest
    from bounded
)

select *
from compared
where
    (value_at_risk is null) <> (coalesce(cardinality(outcomes), 0) < {{ var('risk_rules').minimum }})
    or abs(value_at_risk + quantile) > tolerance
    or (expected_shortfall is null) <> (value_at_risk is null)
    or expected_shortfall not between lowest - tolerance and highest + tolerance
