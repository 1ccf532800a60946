-- One-day expected shortfall by method.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    methods.method,
    methods.es_95_1d,
    methods.es_99_1d,
    facts.scenario_days,
    case when methods.method = 'cornish_fisher' then facts.cornish_fisher_null_reason end as null_reason,
    facts.quality_flag,
    facts.coverage_of_equity
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
cross join
    lateral (
        values
        ('historical', facts.es_95_1d, facts.es_99_1d),
        ('filtered', facts.es_95_1d_filtered, facts.es_99_1d_filtered),
        ('parametric', facts.es_95_1d_parametric, facts.es_99_1d_parametric),
        ('cornish_fisher', facts.es_95_1d_cornish_fisher, facts.es_99_1d_cornish_fisher)
    ) as methods (method, es_95_1d, es_99_1d)
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, methods.method
