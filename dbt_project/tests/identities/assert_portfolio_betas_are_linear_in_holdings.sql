-- Summing beta x whole portfolio instead once made an unlevered portfolio lose 400 %: the dollar exposure is the sum
-- over positions of delta-adjusted value x beta.
with exposures as (
    select * from ({{ tested_rows(ref('fct_portfolio_factor_exposures')) }}) as tested
),

-- Both sides are materialized: the planner expects one row of a new date and could otherwise look up each beta among
-- all positions of its date.
position_values as materialized (
    select * from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where
        is_open and investment_class <> 'PRIVATE' and not is_cash_equivalent
        and delta_adjusted_exposure is not null
),

betas as materialized (
    select * from ({{ tested_rows(ref('fct_symbol_factor_betas'), market=true, before=true) }}) as tested
),

sums as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        betas.model,
        betas.factor,
        sum(cast(position_values.delta_adjusted_exposure as double precision) * betas.beta) as dollar_exposure,
        sum(abs(position_values.delta_adjusted_exposure * betas.beta)) as gross_exposure
    from position_values
    inner join betas
        on position_values.pricing_symbol = betas.symbol and position_values.as_of_date = betas.as_of_date
    group by position_values.portfolio_id, position_values.as_of_date, betas.model, betas.factor
)

select exposures.*
from exposures
left join sums
    on
        exposures.portfolio_id = sums.portfolio_id
        and exposures.as_of_date = sums.as_of_date
        and exposures.model = sums.model
        and exposures.factor = sums.factor
where
    -- tolerance for sums of doubles in another order
    abs(coalesce(exposures.dollar_exposure, 0) - coalesce(sums.dollar_exposure, 0))
    > 0.01 + 1e-9 * coalesce(sums.gross_exposure, 0)
    or exposures.positions_analyzed + exposures.positions_skipped <> exposures.positions_total
    or (exposures.dollar_exposure is null) <> (exposures.quality_flag in ('no_public_positions', 'no_factor_data'))
