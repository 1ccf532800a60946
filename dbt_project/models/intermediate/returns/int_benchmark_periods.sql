-- Benchmarks of portfolios over time, each in force until the next one (valid_before is exclusive): the default before
-- a portfolio's first one, and wherever it has none of its own.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

benchmarks as (
    select * from {{ ref('stg_raw__benchmarks') }}
),

changes as (
    select
        portfolio_id,
        cast(null as text) as symbol,
        date '-infinity' as valid_from
    from portfolios
    union all
    select
        portfolio_id,
        symbol,
        effective_date as valid_from
    from benchmarks
),

final as (
    select
        portfolio_id,
        coalesce(symbol, '{{ var('default_benchmark') }}') as symbol,
        symbol is null as is_default,
        valid_from,
        coalesce(lead(valid_from) over (partition by portfolio_id order by valid_from), date 'infinity')
            as valid_before
    from changes
)

select * from final
