-- The liquidity of a portfolio is that of its positions, of which each open one has a row, and the lots of a symbol
-- take equally long. Values are rounded to 1e-9 before they are summed; doubles have 15 digits.
with positions as (
    select * from ({{ tested_rows(ref('fct_position_liquidity')) }}) as tested
),

position_values as (
    select * from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where is_open
),

portfolios as (
    select * from ({{ tested_rows(ref('fct_portfolio_liquidity')) }}) as tested
),

uneven as (
    select
        portfolio_id,
        as_of_date,
        symbol
    from positions
    group by portfolio_id, as_of_date, symbol
    having min(days_to_liquidate) < max(days_to_liquidate)
),

summed as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        count(*) filter (where positions.position_id is null) as missing_positions,
        count(positions.bucket) as measured_positions,
        sum(abs(position_values.market_value)) as gross_market_value,
        sum(abs(position_values.market_value)) filter (where positions.bucket is not null) as known_value,
        sum(abs(position_values.market_value) * positions.share_1d) as value_1d,
        sum(abs(position_values.market_value) * positions.share_30d) as value_30d,
        sum(positions.cost) as cost, -- noqa: RF04
        max(positions.days_to_liquidate) as slowest
    from position_values
    left join positions
        on
            position_values.position_id = positions.position_id
            and position_values.as_of_date = positions.as_of_date
    group by position_values.portfolio_id, position_values.as_of_date
)

select
    portfolios.portfolio_id,
    portfolios.as_of_date,
    summed.missing_positions,
    summed.measured_positions,
    summed.gross_market_value,
    summed.known_value,
    summed.value_1d,
    summed.value_30d,
    summed.cost,
    summed.slowest
from portfolios
left join summed
    on portfolios.portfolio_id = summed.portfolio_id and portfolios.as_of_date = summed.as_of_date
cross join lateral (select 1e-6 + 1e-12 * coalesce(portfolios.gross_market_value, 0) as tolerance) as rounding
where
    coalesce(summed.missing_positions, 0) > 0
    or exists (
        select from uneven
        where uneven.portfolio_id = portfolios.portfolio_id and uneven.as_of_date = portfolios.as_of_date
    )
    or coalesce(summed.measured_positions, 0) <> portfolios.positions_analyzed
    or portfolios.days_to_liquidate_100 is distinct from summed.slowest
    or abs(portfolios.gross_market_value - cast(summed.gross_market_value as double precision)) > rounding.tolerance
    or abs(portfolios.share_1d * portfolios.gross_market_value - summed.value_1d) > rounding.tolerance
    or abs(portfolios.share_30d * portfolios.gross_market_value - summed.value_30d) > rounding.tolerance
    or abs(portfolios.coverage * portfolios.gross_market_value - cast(summed.known_value as double precision))
    > rounding.tolerance
    or abs(portfolios.cost - summed.cost) > rounding.tolerance + 1e-12 * summed.cost
