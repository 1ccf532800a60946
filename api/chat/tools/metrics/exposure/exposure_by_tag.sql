-- Exposures by tag; a position may count under several, the largest gross exposure first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.bucket,
    facts.long_exposure,
    facts.short_exposure,
    facts.gross_exposure,
    facts.net_exposure,
    facts.share_of_gross,
    facts.delta_adjusted_exposure,
    facts.position_count
from fct_exposures_by_group as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.dimension = 'tag'
order by portfolios.portfolio_name, facts.gross_exposure desc, facts.bucket
