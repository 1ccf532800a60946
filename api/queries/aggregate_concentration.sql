-- GET /analytics/aggregate/concentration: on the gross exposures of each symbol added up over the portfolios; a long
-- in one does not offset a short in another. No row: a named portfolio is not this user's.
with portfolios as (
    select
        portfolio_id,
        portfolio_name
    from dim_portfolios
    where %(portfolio_ids)s::uuid[] is null or portfolio_id = any(%(portfolio_ids)s::uuid[])
),

-- Keys are handed to the views as arrays: only so does the planner look them up in the index.
snapshots as materialized (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = any(array(select portfolio_id from portfolios)) and as_of_date = %(as_of_date)s::date
),

totals as (
    select
        count(*) as portfolio_count,
        coalesce(json_agg(portfolio_id order by portfolio_id), '[]'::json) as portfolio_ids,
        coalesce(sum(equity), 0) as equity,
        coalesce(sum(position_count), 0) as position_count,
        coalesce(sum(private_count), 0) as private_count,
        coalesce(bool_or(has_simulated_prices), false) as has_simulated_prices
    from snapshots
),

groups as (
    select
        bucket as symbol,
        sum(gross_exposure) as gross_exposure
    from fct_exposures_by_group
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
    group by bucket
),

shares as (
    select
        symbol,
        gross_exposure / nullif(sum(gross_exposure) over (), 0) as gross_share,
        row_number() over (order by gross_exposure desc, symbol) as size_rank
    from groups
),

concentration as (
    select
        sum(gross_share * gross_share) as hhi,
        sum(gross_share) filter (where size_rank <= 3) as top_3_share,
        sum(gross_share) filter (where size_rank <= 10) as top_10_share,
        count(*) as symbol_count,
        json_object_agg(symbol, round(gross_share, 6) order by size_rank) filter (
            where size_rank <= %(max_positions)s
        ) as weights
    from shares
    where gross_share is not null
)

select
    json_build_object(
        'available', concentration.hhi is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when concentration.hhi is not null then %(as_of_date)s::date end,
        'data', case
            when concentration.hhi is not null then json_build_object(
                'hhi', round(10000 * concentration.hhi, 4),
                'effective_num_positions', round(1 / concentration.hhi, 6),
                'top_3_concentration', round(concentration.top_3_share, 6),
                'top_10_concentration', round(concentration.top_10_share, 6),
                'total_positions', totals.position_count,
                'total_symbols', concentration.symbol_count,
                'position_weights', concentration.weights
            )
        end,
        'metadata', json_build_object(
            'truncated', concentration.symbol_count > %(max_positions)s,
            'portfolio_count', totals.portfolio_count,
            'price_source', case when totals.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when totals.has_simulated_prices then %(simulated_notice)s::text end
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
                    else concat('All ', totals.position_count, ' positions count with their market value.')
                end,
                case when totals.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'positions_analyzed', totals.position_count,
            'positions_total', totals.position_count,
            'positions_skipped', 0,
            'data_days', case when concentration.hhi is null then 0 else 1 end
        )
    )::text as body
from totals
cross join concentration
-- all that were named must be this user's
where
    %(portfolio_ids)s::uuid[] is null
    or (select count(*) from portfolios)
    = (select count(distinct named.id) from unnest(%(portfolio_ids)s::uuid[]) as named (id))
