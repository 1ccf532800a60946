-- A session on which an instrument of the portfolio has no known outcome is unknown for the whole portfolio, unless its
-- units are 0: dust, or longs and shorts that cancel.
with totals as (
    select
        portfolio_id,
        cast({{ sum_of_vectors('outcomes', 'units', order='instrument_id') }} as real[]) as outcomes
    from {{ mart('fct_instrument_outcomes') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolio_outcomes.as_of_date
    group by portfolio_id
),

-- read again, without the vectors: seldom any rows
unknown as (
    select distinct
        held.portfolio_id,
        positions.session_number
    from {{ mart('fct_instrument_outcomes') }} as held
    cross join unnest(held.unknown_sessions) as positions (session_number)
    where
        held.portfolio_id = any(portfolio_ids)
        and held.as_of_date = portfolio_outcomes.as_of_date
        and held.units <> 0
        and held.unknown_sessions is not null
)

select
    totals.portfolio_id,
    sessions.session_number,
    sessions.session_number > cardinality(totals.outcomes) - {{ var('risk_rules').window }} as is_in_window,
    case when unknown.portfolio_id is null then cast(sessions.outcome as double precision) end as outcome
from totals
cross join unnest(totals.outcomes) with ordinality as sessions (outcome, session_number)
left join unknown
    on totals.portfolio_id = unknown.portfolio_id and sessions.session_number = unknown.session_number
