-- The portfolio's row of fct_portfolio_correlation, which determines the quality of the response.
with correlation as (
    select *
    from fct_portfolio_correlation
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

quality as (
    select
        quality_flag,
        concat_ws(
            ' ',
            case
                when quality_flag not in ('no_public_positions', 'no_factor_data') and symbols_included < 2
                    then 'Correlations are of pairs, and fewer than two symbols have a weight and enough returns.'
            end,
            quality_message
        ) as quality_message,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from correlation
)

select *
from quality
