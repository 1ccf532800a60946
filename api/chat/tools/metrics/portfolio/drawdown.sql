-- The current drawdown of the time-weighted return index, and the deepest one so far with its session.
with deepest as (
    select distinct on (portfolio_id)
        portfolio_id,
        as_of_date,
        drawdown
    from fct_portfolio_snapshots
    where
        portfolio_id = any(%(portfolio_ids)s::uuid[])
        and as_of_date <= %(as_of_date)s::date
        and drawdown is not null
    order by portfolio_id, drawdown, as_of_date
)

select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.drawdown as current_drawdown,
    case when facts.drawdown is not null then deepest.drawdown end as max_drawdown,
    case when facts.drawdown is not null then deepest.as_of_date end as max_drawdown_date,
    facts.twr_null_reason
from fct_portfolio_snapshots as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
left join deepest on facts.portfolio_id = deepest.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
