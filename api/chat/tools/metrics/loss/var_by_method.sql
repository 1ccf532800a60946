-- One-day value at risk by method.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    methods.method,
    methods.var_95_1d,
    methods.var_99_1d,
    case when methods.method = 'stressed' then facts.stressed_scenario_days else facts.scenario_days end
        as scenario_days,
    case methods.method
        when 'cornish_fisher' then facts.cornish_fisher_null_reason
        when 'stressed' then facts.stressed_null_reason
    end as null_reason,
    case when methods.method = 'stressed' then facts.stressed_window_start end as window_start,
    case when methods.method = 'stressed' then facts.stressed_window_end end as window_end,
    facts.quality_flag,
    facts.coverage_of_equity
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
cross join
    lateral (
        values
        ('historical', facts.var_95_1d, facts.var_99_1d),
        ('filtered', facts.var_95_1d_filtered, facts.var_99_1d_filtered),
        ('parametric', facts.var_95_1d_parametric, facts.var_99_1d_parametric),
        ('cornish_fisher', facts.var_95_1d_cornish_fisher, facts.var_99_1d_cornish_fisher),
        ('stressed', facts.var_95_1d_stressed, facts.var_99_1d_stressed)
    ) as methods (method, var_95_1d, var_99_1d)
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, methods.method
