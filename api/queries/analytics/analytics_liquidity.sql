-- GET /analytics/portfolio/{id}/liquidity: how fast the portfolio and each open position can be sold, and at what cost;
-- the slowest first, those without days last. No row: the portfolio is not this user's. Null body: it begins after the
-- session.
-- with portfolio_scope, portfolio_liquidity, portfolio_quality
with facts as (
    select *
    from fct_position_liquidity
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

volumes as (
    select *
    from fct_symbol_liquidity
    where
        as_of_date = %(as_of_date)s::date
        and symbol = any(
            array(
                select symbol
                from facts
                where null_reason is distinct from 'private'
            )
        )
),

sizes as (
    select
        position_id,
        abs(market_value) as market_value
    from fct_position_values
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

positions as (
    select
        facts.*,
        volumes.average_volume_20d,
        volumes.average_volume_63d,
        volumes.average_dollar_volume_20d,
        sizes.market_value
    from facts
    inner join sizes on facts.position_id = sizes.position_id
    left join volumes on facts.symbol = volumes.symbol
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'position_id', position_id,
                    'symbol', symbol,
                    'liquidated_by', liquidated_by,
                    'quantity_of_symbol', round(quantity_of_symbol, 6),
                    'average_volume_20d', round(average_volume_20d::numeric, 0),
                    'average_volume_63d', round(average_volume_63d::numeric, 0),
                    'average_dollar_volume_20d', round(average_dollar_volume_20d::numeric, 2),
                    'share_of_volume', round(share_of_volume::numeric, 9),
                    'days_to_liquidate', round(days_to_liquidate::numeric, 6),
                    'share_1d', round(share_1d::numeric, 6),
                    'share_7d', round(share_7d::numeric, 6),
                    'share_30d', round(share_30d::numeric, 6),
                    'bucket', bucket,
                    'cost', round(cost::numeric, 2),
                    'permanent_cost', round(permanent_cost::numeric, 2),
                    'temporary_cost', round(temporary_cost::numeric, 2),
                    'null_reason', null_reason,
                    'cost_null_reason', cost_null_reason
                )
                order by days_to_liquidate desc nulls last, market_value desc, symbol, position_id
            ),
            '[]'::json
        ) as body
    from positions
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', coalesce(liquidity.coverage > 0, false),
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when liquidity.coverage > 0 then snapshot.as_of_date end,
            'data', case
                when liquidity.coverage > 0 then json_build_object(
                    'share_1d', round(liquidity.share_1d::numeric, 6),
                    'share_7d', round(liquidity.share_7d::numeric, 6),
                    'share_30d', round(liquidity.share_30d::numeric, 6),
                    'buckets', json_build_object(
                        'highly_liquid', round(liquidity.share_highly_liquid::numeric, 6),
                        'moderately_liquid', round(liquidity.share_moderately_liquid::numeric, 6),
                        'less_liquid', round(liquidity.share_less_liquid::numeric, 6),
                        'illiquid', round(liquidity.share_illiquid::numeric, 6)
                    ),
                    'days_to_liquidate_95', round(liquidity.days_to_liquidate_95::numeric, 6),
                    'days_to_liquidate_100', round(liquidity.days_to_liquidate_100::numeric, 6),
                    'cost', round(liquidity.cost::numeric, 2),
                    'cost_of_equity', round(liquidity.cost_pct_equity::numeric, 6),
                    'cost_coverage', round(liquidity.cost_coverage::numeric, 6),
                    'unwinding_days', liquidity.unwinding_days,
                    'liquidity_adjusted_var', round(liquidity.liquidity_adjusted_var::numeric, 2),
                    'liquidity_adjusted_var_99', round(liquidity.liquidity_adjusted_var_99::numeric, 2),
                    'liquidity_adjusted_var_null_reason', liquidity.liquidity_adjusted_var_null_reason
                )
            end,
            'positions', listed.body,
            'metadata', json_build_object(
                'gross_market_value', round(liquidity.gross_market_value::numeric, 2),
                'coverage', round(liquidity.coverage::numeric, 6),
                'participation', round(liquidity.participation::numeric, 6),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join listed
left join liquidity on true
