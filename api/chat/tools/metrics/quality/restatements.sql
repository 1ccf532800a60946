-- The last 100 changes of published figures of the portfolio, the newest first.
select
    portfolios.portfolio_name,
    facts.publication_id,
    facts.published_at,
    facts.as_of_date,
    facts.mart,
    facts.key,
    facts.column_name,
    facts.old_value,
    facts.new_value,
    facts.cause
from fct_restatements as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
order by facts.published_at desc, facts.as_of_date desc, facts.mart, facts.key, facts.column_name
limit 100
