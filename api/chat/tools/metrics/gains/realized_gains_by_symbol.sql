-- Gains of what was sold, covered or expired since inception, by symbol and term, under the lot method in force.
select
    portfolios.portfolio_name,
    facts.symbol,
    facts.term,
    sum(facts.proceeds) as proceeds,
    sum(facts.basis) as basis,
    sum(facts.gain) as gain,
    sum(facts.wash_disallowed) as wash_disallowed,
    sum(facts.gain_after_wash_sales) as gain_after_wash_sales,
    max(facts.disposed_on) as disposed_on
from fct_realized_gains as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.method = 'portfolio'
    and facts.disposed_on <= %(as_of_date)s::date
group by portfolios.portfolio_name, facts.symbol, facts.term
order by portfolios.portfolio_name, abs(sum(facts.gain)) desc, facts.symbol, facts.term
