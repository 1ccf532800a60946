-- Gains of what was sold, covered or expired, by year and term, under the lot method in force for the portfolio.
select
    portfolios.portfolio_name,
    extract(year from facts.disposed_on)::integer as disposed_year,
    facts.term,
    sum(facts.proceeds) as proceeds,
    sum(facts.basis) as basis,
    sum(facts.gain) as gain,
    sum(facts.wash_disallowed) as wash_disallowed,
    sum(facts.gain_after_wash_sales) as gain_after_wash_sales
from fct_realized_gains as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.method = 'portfolio'
    and facts.disposed_on <= %(as_of_date)s::date
group by portfolios.portfolio_name, extract(year from facts.disposed_on), facts.term
order by portfolios.portfolio_name, disposed_year desc, facts.term
