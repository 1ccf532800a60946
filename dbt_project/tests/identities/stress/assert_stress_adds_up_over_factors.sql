-- Guards against summing beta x whole portfolio, and against dropping a factor whose name differs: the contributions of
-- the factors add up to the linear part of a scenario, and without options that is all of it.
-- Tolerance: both sides start from the same cents; each term of a sum is rounded to 1e-9.
with stress as (
    select * from ({{ tested_rows(ref('fct_portfolio_stress')) }}) as tested
    where direct_pnl is not null
),

contributions as (
    select * from ({{ tested_rows(ref('int_portfolio_factor_stress')) }}) as tested
),

positions as (
    select * from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where is_open
),

books as (
    select
        portfolio_id,
        as_of_date,
        bool_or(investment_class = 'OPTIONS') as has_options,
        cast(sum(abs(delta_adjusted_exposure)) as double precision) as gross
    from positions
    group by portfolio_id, as_of_date
),

sums as (
    select
        portfolio_id,
        as_of_date,
        scenario_id,
        (select sum(parts.pnl) from unnest(direct_pnl) as parts (pnl)) as direct_pnl,
        (select sum(parts.pnl) from unnest(correlated_pnl) as parts (pnl)) as correlated_pnl
    from contributions
),

compared as (
    select
        stress.*,
        books.has_options,
        sums.direct_pnl as direct_sum,
        sums.correlated_pnl as correlated_sum,
        1e-8 * stress.positions_total + 1e-9 * books.gross as tolerance
    from stress
    left join books
        on stress.portfolio_id = books.portfolio_id and stress.as_of_date = books.as_of_date
    left join sums
        on
            stress.portfolio_id = sums.portfolio_id
            and stress.as_of_date = sums.as_of_date
            and stress.scenario_id = sums.scenario_id
)

select *
from compared
where
    direct_sum is null
    or abs(direct_linear_pnl - direct_sum) > tolerance
    or abs(correlated_linear_pnl - correlated_sum) > tolerance
    or (not has_options and abs(direct_pnl - direct_linear_pnl) > tolerance)
    or (not has_options and abs(correlated_pnl - correlated_linear_pnl) > tolerance)
