-- Returns of the symbols that portfolios hold on the dates being built, and of the factor proxies.
with returns as (
    select * from {{ ref('int_return_windows') }}
),

held as (
    select symbol from {{ ref('int_engine_holdings') }}
),

proxies as (
    select proxy_symbol as symbol from {{ ref('factors') }}
    where model = 'risk'
    union distinct
    select '{{ var("factor_rules").rate_proxy_symbol }}' as symbol
),

needed as (
    select symbol from held
    union distinct
    select symbol from proxies
),

final as (
    select returns.*
    from returns
    inner join needed on returns.symbol = needed.symbol
)

select * from final
