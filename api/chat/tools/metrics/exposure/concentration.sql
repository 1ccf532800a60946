-- How concentrated the portfolio is, by symbol with options under their underlying.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.hhi,
    facts.effective_names,
    facts.top_1_share,
    facts.top_3_share,
    facts.top_5_share,
    facts.top_10_share
from fct_portfolio_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
