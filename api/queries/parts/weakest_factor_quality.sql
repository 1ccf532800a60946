-- The quality of a response about factors: that of the one with the least data in the CTE `factor_rows`.
with quality as (
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
    from factor_rows
    order by positions_analyzed, data_days, quality_flag desc, factor
    limit 1
)

select *
from quality
