-- Returns of the factor proxies, and of the proxy for missing yields.
with returns as (
    select * from {{ ref('int_return_windows') }}
),

factors as (
    select * from {{ ref('factors') }}
),

proxies as (
    select proxy_symbol as symbol from factors
    union distinct
    select long_symbol from factors
    union distinct
    select short_symbol from factors
    union distinct
    select '{{ var("factor_rules").rate_proxy_symbol }}' as symbol
),

final as (
    select returns.*
    from returns
    inner join proxies on returns.symbol = proxies.symbol
)

select * from final
