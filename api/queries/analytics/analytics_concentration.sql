-- GET /analytics/portfolio/{id}/concentration: based on gross weights by symbol, options under their underlying. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, private_share
with exposure as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

symbols as (
    select
        bucket as symbol,
        share_of_gross,
        row_number() over (order by share_of_gross desc nulls last, bucket) as size_rank
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
),

weights as (
    select
        count(*) as symbol_count,
        json_object_agg(symbol, round(share_of_gross::numeric, 6) order by size_rank) filter (
            where size_rank <= %(max_positions)s
        ) as body
    from symbols
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', exposure.hhi is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when exposure.hhi is not null then snapshot.as_of_date end,
            'data', case
                when exposure.hhi is not null then json_build_object(
                    'hhi', round((10000 * exposure.hhi)::numeric, 4),
                    'effective_num_positions', round(exposure.effective_names::numeric, 6),
                    'top_3_concentration', round(exposure.top_3_share::numeric, 6),
                    'top_10_concentration', round(exposure.top_10_share::numeric, 6),
                    'total_positions', snapshot.position_count,
                    'total_symbols', weights.symbol_count,
                    'position_weights', weights.body
                )
            end,
            'metadata', json_build_object(
                'truncated', weights.symbol_count > %(max_positions)s,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', case
                    when snapshot.position_count = snapshot.private_count then 'no_public_positions'
                    else 'full_history'
                end,
                'message', concat_ws(
                    ' ',
                    case
                        when exposure.hhi is null then 'Nothing is held.'
                        when snapshot.position_count = snapshot.private_count
                            then 'Concentration of private positions at their last valuations; none has a market price.'
                        else concat('All ', snapshot.position_count, ' positions count with their market value.')
                    end,
                    case
                        when private_share.of_gross > 0 and snapshot.position_count > snapshot.private_count
                            then concat(
                                trim_scale(round((100 * private_share.of_gross)::numeric, 1)),
                                ' %% of it are private positions, at their last valuations.'
                            )
                    end,
                    snapshot.price_notice
                ),
                'positions_analyzed', snapshot.position_count,
                'positions_total', snapshot.position_count,
                'positions_skipped', 0,
                'data_days', case when exposure.hhi is null then 0 else 1 end,
                'coverage_of_equity', case when snapshot.equity > 0 then 1 end,
                'positions_not_measured', '[]'::json
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join weights
cross join private_share
left join exposure on true
