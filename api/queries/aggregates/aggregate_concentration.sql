-- GET /analytics/aggregate/concentration: based on each symbol's gross exposure summed over the portfolios; a long in
-- one does not offset a short in another. No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_top_positions
with concentration as (
    select *
    from udf.portfolios_concentration(array(select portfolio_id from snapshots), %(as_of_date)s::date)
),

private_share as (
    select sum(case when bucket = 'PRIVATE' then gross_exposure else 0 end) / nullif(sum(gross_exposure), 0) as of_gross
    from fct_exposures_by_group
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and dimension = 'investment_class'
),

weights as (
    select json_object_agg(symbol, round(share_of_gross, 6) order by size_rank) as body
    from udf.portfolios_symbol_shares(array(select portfolio_id from snapshots), %(as_of_date)s::date)
    where size_rank <= %(max_positions)s and share_of_gross is not null
)

select
    json_build_object(
        'available', concentration.hhi is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when concentration.hhi is not null then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'top_positions', top_positions.body,
        'data', case
            when concentration.hhi is not null then json_build_object(
                'hhi', round(10000 * concentration.hhi, 4),
                'effective_num_positions', round(concentration.effective_names, 6),
                'top_3_concentration', round(concentration.top_3_share, 6),
                'top_10_concentration', round(concentration.top_10_share, 6),
                'total_positions', totals.position_count,
                'total_symbols', concentration.symbol_count,
                'position_weights', weights.body
            )
        end,
        'metadata', json_build_object(
            'truncated', concentration.symbol_count > %(max_positions)s,
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', json_build_object(
            'flag', case
                when totals.position_count = totals.private_count then 'no_public_positions'
                else 'full_history'
            end,
            'message', concat_ws(
                ' ',
                case
                    when concentration.hhi is null then 'Nothing is held.'
                    when totals.position_count = totals.private_count
                        then 'Concentration of private positions at their last valuations; none has a market price.'
                    else concat('All ', totals.position_count, ' positions count with their market value.')
                end,
                case
                    when private_share.of_gross > 0 and totals.position_count > totals.private_count
                        then concat(
                            trim_scale(round(100 * private_share.of_gross, 1)),
                            ' %% of it are private positions, at their last valuations.'
                        )
                end,
                totals.price_notice
            ),
            'positions_analyzed', totals.position_count,
            'positions_total', totals.position_count,
            'positions_skipped', 0,
            'data_days', case when concentration.hhi is null then 0 else 1 end,
            'coverage_of_equity', 1,
            'positions_not_measured', '[]'::json
        )
    )::text as body
from totals
cross join concentration
cross join weights
cross join top_positions
cross join private_share
