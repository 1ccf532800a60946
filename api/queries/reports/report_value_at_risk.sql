-- Value at risk and expected shortfall: a row for each of the four methods, and one over a fixed bad window.
-- with portfolio_risk
select
    methods.method,
    methods.var_95_1d,
    methods.var_99_1d,
    methods.es_95_1d,
    methods.es_99_1d,
    case methods.method
        when 'Cornish-Fisher' then risk.cornish_fisher_null_reason
        when 'stressed' then risk.stressed_null_reason
        else 'too_few_outcomes'
    end as null_reason
from risk
cross join
    lateral (
        values
        (1, 'historical', risk.var_95_1d, risk.var_99_1d, risk.es_95_1d, risk.es_99_1d),
        (
            2, 'filtered historical', risk.var_95_1d_filtered, risk.var_99_1d_filtered, risk.es_95_1d_filtered,
            risk.es_99_1d_filtered
        ),
        (
            3, 'parametric normal', risk.var_95_1d_parametric, risk.var_99_1d_parametric, risk.es_95_1d_parametric,
            risk.es_99_1d_parametric
        ),
        (
            4, 'Cornish-Fisher', risk.var_95_1d_cornish_fisher, risk.var_99_1d_cornish_fisher,
            risk.es_95_1d_cornish_fisher, risk.es_99_1d_cornish_fisher
        ),
        (
            5, 'stressed', risk.var_95_1d_stressed, risk.var_99_1d_stressed, risk.es_95_1d_stressed,
            risk.es_99_1d_stressed
        )
    ) as methods (place, method, var_95_1d, var_99_1d, es_95_1d, es_99_1d)
order by methods.place
