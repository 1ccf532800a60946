-- Sensitivity to interest rates: to the change of the 10-year yield (model rates) and to a bond fund (model bond).
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.model,
    facts.factor,
    facts.beta,
    facts.std_error,
    facts.dollar_exposure,
    facts.ratio_null_reason,
    facts.quality_flag,
    facts.coverage_of_equity
from fct_portfolio_factor_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.model in ('rates', 'bond')
order by portfolios.portfolio_name, facts.model, facts.factor
