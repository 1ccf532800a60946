{{ config(materialized='ephemeral') }}

-- The parts of each portfolio's benchmark on each session of the window, with their weights and returns: sectors of an
-- index that a fund tracks, with one fund each as their proxy, and the investment class of the benchmark itself.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

prices as (
    {{ market_rows(ref('fct_prices'), since=first_date()) }}
),

days as (
    select
        benchmarks.portfolio_id,
        benchmarks.as_of_date,
        benchmarks.symbol,
        benchmarks.daily_return as total_return,
        -- an opening balance performs from the close of its session on, and so does what it is compared with
        coalesce(benchmarks.as_of_date = portfolios.opening_date, false) as is_opening_day
    from {{ ref('fct_benchmark_returns') }} as benchmarks
    inner join portfolios on benchmarks.portfolio_id = portfolios.portfolio_id
    where {{ is_being_built('benchmarks') }}
),

weights as (
    select
        benchmark,
        sector,
        weight,
        effective_date as valid_from,
        coalesce(
            lead(effective_date) over (partition by benchmark, sector order by effective_date), date 'infinity'
        ) as valid_before
    from {{ ref('benchmark_sector_weights') }}
),

final as (
    select
        days.portfolio_id,
        days.as_of_date,
        'sector' as dimension,
        weights.sector as segment,
        weights.weight,
        days.total_return,
        case when days.is_opening_day then 0 else prices.daily_return end as segment_return
    from days
    inner join {{ ref('benchmark_funds') }} as funds
        on days.symbol = funds.symbol and days.as_of_date >= funds.effective_date
    inner join weights
        on
            funds.benchmark = weights.benchmark
            and days.as_of_date >= weights.valid_from
            and days.as_of_date < weights.valid_before
    left join {{ ref('benchmark_sector_proxies') }} as proxies
        on weights.benchmark = proxies.benchmark and weights.sector = proxies.sector
    left join prices on proxies.symbol = prices.symbol and days.as_of_date = prices.as_of_date
    union all
    -- whatever is priced on a market is a public holding
    select
        portfolio_id,
        as_of_date,
        'investment_class' as dimension,
        'PUBLIC' as segment,
        1 as weight,
        total_return,
        total_return as segment_return
    from days
)

select * from final
