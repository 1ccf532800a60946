-- GET /analytics/aggregate/beta: dollar exposures to the market added up, over the equity of the portfolios in which
-- they are known, and the share of equity that these are. Those count that hold nothing but cash, which moves with
-- nothing, and those whose equity is gone. The providers' beta is known where equity is positive.
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

exposures as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
        and factor = 'Market'
),

risk as (
    select *
    from fct_portfolio_risk
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
    from exposures
),

weighted as (
    select
        snapshots.portfolio_id,
        snapshots.equity,
        exposures.beta as market_beta,
        exposures.dollar_exposure,
        risk.beta_provider_1y,
        risk.positions_with_provider_beta,
        exposures.dollar_exposure is not null
        or (exposures.quality_flag = 'no_public_positions' and snapshots.private_count = 0) as is_known
    from snapshots
    inner join exposures on snapshots.portfolio_id = exposures.portfolio_id
    left join risk on snapshots.portfolio_id = risk.portfolio_id
),

summed as (
    select
        sum(dollar_exposure) / nullif(greatest(sum(equity) filter (where is_known), 0), 0) as market_beta,
        sum(equity * beta_provider_1y)
        / nullif(sum(equity) filter (where beta_provider_1y is not null), 0) as beta_provider_1y,
        coalesce(sum(equity) filter (where is_known), 0) as covered_equity,
        coalesce(sum(positions_with_provider_beta), 0) as positions_with_beta
    from weighted
),

listed as (
    select
        json_agg(
            json_build_object(
                'portfolio_id', portfolio_id,
                'net_asset_value', round(equity, 2),
                'market_beta_weighted', round(market_beta::numeric, 6),
                'beta_provider_1y', round(beta_provider_1y::numeric, 6)
            )
            order by equity desc, portfolio_id
        ) as body
    from weighted
)

select
    json_build_object(
        'available', summed.market_beta is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when summed.market_beta is not null then %(as_of_date)s::date end,
        'data', case
            when summed.market_beta is not null then json_build_object(
                'market_beta_weighted', round(summed.market_beta::numeric, 6),
                'beta_calculated_90d', round(summed.market_beta::numeric, 6),
                'beta_calculated_90d_observations', quality.data_days,
                'beta_provider_1y', round(summed.beta_provider_1y::numeric, 6),
                'positions_with_beta', summed.positions_with_beta,
                'positions_total', totals.position_count,
                'equity_coverage_percentage', round(
                    100 * summed.covered_equity / nullif(greatest(totals.equity, 0), 0), 4
                ),
                'portfolios', listed.body
            )
        end,
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
cross join summed
cross join listed
cross join quality
-- all that were named must be this user's
where
    %(portfolio_ids)s::uuid[] is null
    or (select count(*) from portfolios)
    = (select count(distinct named.id) from unnest(%(portfolio_ids)s::uuid[]) as named (id))
