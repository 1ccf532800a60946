-- Conditional stress is meaningless unless the correlation matrix is symmetric with a unit diagonal and values
-- within [-1, 1].
with correlations as (
    select * from ({{ tested_rows(ref('fct_factor_correlations'), market=true) }}) as tested
)

select correlations.*
from correlations
left join correlations as mirrored
    on
        correlations.as_of_date = mirrored.as_of_date
        and correlations.model = mirrored.model
        and correlations.factor_1 = mirrored.factor_2
        and correlations.factor_2 = mirrored.factor_1
where
    (correlations.correlation between -1 and 1) is not true
    or (correlations.factor_1 = correlations.factor_2 and correlations.correlation <> 1)
    or correlations.correlation is distinct from mirrored.correlation
    or correlations.ewma_covariance is distinct from mirrored.ewma_covariance
