-- GET /analytics/aggregate/breakdown: what each portfolio adds to the whole, the largest first. No row: a named
-- portfolio is not this user's.
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

risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

exposures as (
    select *
    from fct_portfolio_exposures
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

quality as (
    select
        case
            when count(*) filter (where quality_flag <> 'no_public_positions') = 0 then 'no_public_positions'
            when count(*) filter (where quality_flag in ('full_history', 'limited_history')) = 0 then 'no_factor_data'
            when bool_or(quality_flag = 'limited_history') then 'limited_history'
            else 'full_history'
        end as flag,
        count(*) filter (where quality_flag in ('full_history', 'limited_history')) as portfolios_analyzed,
        coalesce(sum(positions_analyzed), 0) as positions_analyzed,
        coalesce(min(data_days) filter (where positions_analyzed > 0), 0) as data_days
    from risk
),

listed as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'portfolio_id', snapshots.portfolio_id,
                    'name', portfolios.portfolio_name,
                    'net_asset_value', round(snapshots.equity, 2),
                    'weight', round(snapshots.equity / nullif(greatest(totals.equity, 0), 0), 6),
                    'total_market_value', round(snapshots.net_market_value, 2),
                    'cash_balance', round(snapshots.cash, 2),
                    'gross_exposure', round(exposures.gross_exposure, 2),
                    'net_exposure', round(exposures.net_exposure, 2),
                    'leverage', round(exposures.leverage::numeric, 6),
                    'daily_pnl', round(snapshots.daily_pnl, 2),
                    'daily_return', round(snapshots.daily_return::numeric, 6),
                    'total_pnl', round(snapshots.cumulative_pnl, 2),
                    'position_count', snapshots.position_count,
                    'market_beta', round(risk.market_beta::numeric, 6),
                    'realized_volatility_21d', round(risk.realized_volatility_21d::numeric, 6),
                    'var_95_1d', round(risk.var_95_1d::numeric, 2),
                    'quality_flag', coalesce(risk.quality_flag, 'no_factor_data')
                )
                order by snapshots.equity desc, snapshots.portfolio_id
            ),
            '[]'::json
        ) as body
    from snapshots
    inner join portfolios on snapshots.portfolio_id = portfolios.portfolio_id
    cross join totals
    left join exposures on snapshots.portfolio_id = exposures.portfolio_id
    left join risk on snapshots.portfolio_id = risk.portfolio_id
)

select
    json_build_object(
        'available', totals.portfolio_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when totals.portfolio_count > 0 then %(as_of_date)s::date end,
        'net_asset_value', round(totals.equity, 2),
        'portfolios', listed.body,
        'metadata', json_build_object(
            'portfolio_count', totals.portfolio_count,
            'price_source', case when totals.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when totals.has_simulated_prices then %(simulated_notice)s::text end
        ),
        'data_quality', json_build_object(
            'flag', quality.flag,
            'message', concat_ws(
                ' ',
                concat(
                    quality.portfolios_analyzed, ' of ', totals.portfolio_count, ' portfolios and ',
                    quality.positions_analyzed, ' of ', totals.position_count, ' positions are covered.'
                ),
                case when totals.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'positions_analyzed', quality.positions_analyzed,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - quality.positions_analyzed,
            'data_days', quality.data_days
        )
    )::text as body
from totals
cross join listed
cross join quality
-- all that were named must be this user's
where
    %(portfolio_ids)s::uuid[] is null
    or (select count(*) from portfolios)
    = (select count(distinct named.id) from unnest(%(portfolio_ids)s::uuid[]) as named (id))
