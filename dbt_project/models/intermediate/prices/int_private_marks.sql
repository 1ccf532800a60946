-- Valuations of private holdings, each valid until the next one.
with marks as (
    select * from {{ ref('stg_raw__private_marks') }}
),

final as (
    select
        portfolio_id,
        symbol,
        mark_date,
        price,
        lead(mark_date) over (partition by portfolio_id, symbol order by mark_date) as next_mark_date
    from marks
)

select * from final
