-- Portfolios that are not removed by the last date built.
with portfolios as (
    select * from {{ ref('int_portfolios') }}
),

final as (
    select * from portfolios
    where removed_on is null or removed_on > {{ to_date() }}
)

select * from final
