-- The ten largest holdings by absolute market value, the lots of a symbol together.
with grouped as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        facts.symbol,
        sum(facts.market_value) as market_value,
        sum(facts.weight) as weight,
        sum(facts.unrealized_pnl) as unrealized_pnl,
        count(*) as lots
    from fct_position_values as facts
    inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
        and facts.is_open
    group by portfolios.portfolio_name, facts.as_of_date, facts.symbol
),

ranked as (
    select
        *,
        row_number() over (partition by portfolio_name order by abs(market_value) desc, symbol) as size_rank
    from grouped
)

select
    portfolio_name,
    as_of_date,
    size_rank,
    symbol,
    market_value,
    weight,
    unrealized_pnl,
    lots
from ranked
where size_rank <= 10
order by portfolio_name, size_rank
