-- GET /analytics/portfolio/{id}/factor-exposures: betas of the portfolio to the market, the styles and the yield.
-- The quality is that of the factor with the least data. No row: not this user's. A row without a body: the
-- portfolio begins later.
with portfolio as (
    select portfolio_id
    from dim_portfolios
    where portfolio_id = %(portfolio_id)s::uuid
),

snapshot as (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model in ('market', 'style', 'rates')
),

quality as (
    select
        quality_flag,
        case
            when ratio_null_reason = 'equity_not_positive' then 'Equity is not positive: there is no beta to it.'
            else quality_message
        end as quality_message,
        positions_analyzed,
        data_days
    from factor_rows
    order by positions_analyzed, data_days, quality_flag desc, factor
    limit 1
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', case factor when 'Market' then 'Market Beta' else factor end,
                    'beta', round(beta::numeric, 6),
                    'exposure_dollar', round(dollar_exposure::numeric, 2),
                    'model', model,
                    'coverage', round(coverage::numeric, 6)
                )
                order by
                    array_position(
                        array[
                            'Market', 'Value', 'Growth', 'Momentum', 'Quality', 'Size',
                            'Low Volatility', 'Interest Rate'
                        ],
                        factor
                    )
            ),
            '[]'::json
        ) as body
    from factor_rows
    where beta is not null
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', listed.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when listed.row_count > 0 then snapshot.as_of_date end,
            'factors', listed.body,
            'metadata', json_build_object(
                'equity', round(snapshot.equity, 2),
                'models', json_build_array('market', 'style', 'rates'),
                'price_source', case when snapshot.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'data_quality', json_build_object(
                'flag', coalesce(quality.quality_flag, 'no_factor_data'),
                'message', concat_ws(
                    ' ',
                    coalesce(quality.quality_message, 'Nothing of this was published for the session.'),
                    case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
                ),
                'positions_analyzed', coalesce(quality.positions_analyzed, 0),
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - coalesce(quality.positions_analyzed, 0),
                'data_days', coalesce(quality.data_days, 0)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
left join quality on true
