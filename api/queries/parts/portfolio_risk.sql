-- The portfolio's row of fct_portfolio_risk, which determines the quality of the response.
with risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

quality as (
    select
        quality_flag,
        concat_ws(
            ' ',
            case
                when ratio_null_reason = 'equity_not_positive' then 'Equity is not positive: there is no ratio to it.'
            end,
            quality_message
        ) as quality_message,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from risk
)

select *
from quality
