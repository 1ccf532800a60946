{{ config(materialized='ephemeral') }}

-- Target prices, each valid until the next one of its symbol (valid_before is exclusive).
with targets as (
    select * from {{ ref('stg_raw__target_prices') }}
),

periods as (
    select
        *,
        coalesce(
            lead(effective_date) over (partition by portfolio_id, symbol order by effective_date), date 'infinity'
        ) as valid_before
    from targets
),

final as (
    select * from periods
    -- a row without any target ends the previous one
    where coalesce(target_price_eoy, target_price_next_year, downside_target_price) is not null
)

select * from final
