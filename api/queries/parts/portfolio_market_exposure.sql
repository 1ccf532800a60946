-- The portfolio's exposure to the market, from regressions over 90 sessions; its quality is that of the response.
with exposure as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
        and factor = 'Market'
),

quality as (
    select
        quality_flag,
        case
            when ratio_null_reason = 'equity_not_positive' then 'Equity is not positive: there is no beta to it.'
            else quality_message
        end as quality_message,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from exposure
)

select *
from quality
