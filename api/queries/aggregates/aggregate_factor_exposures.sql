-- GET /analytics/aggregate/factor-exposures: the sum of dollar exposures over the equity of the portfolios in which
-- they are known. Portfolios that hold only cash count, with an exposure of zero; so do those whose equity is gone. No
-- row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_quality
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

analyzed as (
    select distinct on (portfolio_id)
        portfolio_id,
        quality_flag,
        positions_analyzed,
        data_days
    from factor_rows
    order by portfolio_id asc, positions_analyzed asc, data_days asc
),

factors as (
    select *
    from udf.portfolios_factor_exposures(array(select portfolio_id from snapshots), %(as_of_date)s::date)
    where (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', case factors.factor when 'Market' then 'Market Beta' else factors.factor end,
                    'beta', round(factors.beta::numeric, 6),
                    'exposure_dollar', round(factors.dollar_exposure::numeric, 2),
                    'model', factors.model,
                    'portfolio_count', factors.portfolio_count,
                    'equity_coverage_percentage', round(100 * factors.equity_coverage, 4)
                )
                order by
                    array_position(
                        array[
                            'Market', 'IR Beta', 'Value', 'Growth', 'Momentum', 'Quality',
                            'Size', 'Low Volatility', 'Interest Rate'
                        ],
                        factors.factor
                    )
            ),
            '[]'::json
        ) as body
    from factors
)

select
    json_build_object(
        'available', listed.row_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when listed.row_count > 0 then %(as_of_date)s::date end,
        'factors', listed.body,
        'metadata', json_build_object(
            'models', json_build_array('market', 'bond', 'risk', 'rates'),
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', data_quality.body
    )::text as body
from totals
cross join listed
cross join data_quality
