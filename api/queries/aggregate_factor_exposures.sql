-- GET /analytics/aggregate/factor-exposures: dollar exposures added up, over the equity of the portfolios in which they
-- are known. Those count that hold nothing but cash, which moves with nothing, and those whose equity is gone.
-- No row: a named portfolio is not this user's.
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

factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and model in ('market', 'style', 'rates')
),

by_portfolio as (
    select distinct on (portfolio_id)
        portfolio_id,
        quality_flag,
        positions_analyzed,
        data_days
    from factor_rows
    order by portfolio_id asc, positions_analyzed asc, data_days asc
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
    from by_portfolio
),

factors as (
    select
        factor_rows.factor,
        factor_rows.model,
        sum(factor_rows.dollar_exposure) as dollar_exposure,
        nullif(greatest(sum(snapshots.equity), 0), 0) as positive_equity,
        count(factor_rows.dollar_exposure) as portfolio_count
    from factor_rows
    inner join snapshots on factor_rows.portfolio_id = snapshots.portfolio_id
    where
        factor_rows.dollar_exposure is not null
        or (factor_rows.quality_flag = 'no_public_positions' and snapshots.private_count = 0)
    group by factor_rows.factor, factor_rows.model
    having count(factor_rows.dollar_exposure) > 0
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', case factors.factor when 'Market' then 'Market Beta' else factors.factor end,
                    'beta', round((factors.dollar_exposure / factors.positive_equity::double precision)::numeric, 6),
                    'exposure_dollar', round(factors.dollar_exposure::numeric, 2),
                    'model', factors.model,
                    'portfolio_count', factors.portfolio_count,
                    'equity_coverage_percentage', round(
                        100 * factors.positive_equity / nullif(greatest(totals.equity, 0), 0), 4
                    )
                )
                order by
                    array_position(
                        array[
                            'Market', 'Value', 'Growth', 'Momentum', 'Quality', 'Size',
                            'Low Volatility', 'Interest Rate'
                        ],
                        factors.factor
                    )
            ),
            '[]'::json
        ) as body
    from factors
    cross join totals
)

select
    json_build_object(
        'available', listed.row_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when listed.row_count > 0 then %(as_of_date)s::date end,
        'factors', listed.body,
        'metadata', json_build_object(
            'models', json_build_array('market', 'style', 'rates'),
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
