-- Exposures of beta x whole portfolio, added up, once made an unlevered portfolio lose 400 %: the dollar
-- exposure is the sum over positions of market value x beta, and the beta is that over equity.
with exposures as (
    select * from {{ ref('int_portfolio_factor_exposures') }}
    where {{ in_window() }}
),

sums as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        betas.model,
        betas.factor,
        sum(cast(position_values.market_value as double precision) * betas.beta) as dollar_exposure
    from {{ ref('int_position_values') }} as position_values
    inner join {{ ref('int_symbol_factor_betas') }} as betas
        on position_values.pricing_symbol = betas.symbol and position_values.as_of_date = betas.as_of_date
    where
        position_values.is_open
        and position_values.investment_class = 'PUBLIC'
        and {{ in_window('position_values.as_of_date') }}
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
    -- a cent: sums of doubles in another order
    abs(coalesce(exposures.dollar_exposure, 0) - coalesce(sums.dollar_exposure, 0)) > 0.01
    or exposures.positions_analyzed + exposures.positions_skipped <> exposures.positions_total
    or (exposures.beta is null) <> (exposures.quality_flag in ('no_public_positions', 'no_factor_data'))
