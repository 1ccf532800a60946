-- The portfolios with their first session, account and equity; equity is null before the portfolio begins.
select
    portfolios.portfolio_name,
    portfolios.account_type,
    portfolios.base_currency,
    portfolios.inception_date,
    portfolios.initial_equity,
    facts.as_of_date,
    facts.equity,
    facts.position_count
from dim_portfolios as portfolios
left join fct_portfolio_snapshots as facts
    on
        portfolios.portfolio_id = facts.portfolio_id
        and facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
where portfolios.portfolio_id = any(%(portfolio_ids)s::uuid[])
order by portfolios.portfolio_name
