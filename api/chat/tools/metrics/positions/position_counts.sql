-- How many positions are open, by kind.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.position_count,
    facts.long_count,
    facts.short_count,
    facts.option_count,
    facts.private_count,
    facts.cash_count
from fct_portfolio_snapshots as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
