-- Of sorted outcomes the quantile is a place, and the tail the beginning.
with sorted as (
    select
        portfolio_id,
        array_agg(outcome order by outcome) as outcomes
    from {{ udf('portfolio_outcomes') }}(portfolio_ids, portfolio_var.as_of_date)
    where is_in_window and outcome is not null
    group by portfolio_id
    having count(*) >= {{ var('risk_rules').minimum }}
),

quantiles as (
    select
        sorted.*,
        levels.confidence,
        {{ quantile_of('sorted.outcomes', 'levels.confidence') }} as quantile
    from sorted
    cross join (values (cast(0.95 as double precision)), (0.99)) as levels (confidence)
)

select
    portfolio_id,
    confidence,
    -quantile as value_at_risk,
    {{ mean_tail_loss('quantiles.outcomes', 'quantiles.quantile') }} as expected_shortfall,
    cardinality(outcomes) as outcomes
from quantiles
