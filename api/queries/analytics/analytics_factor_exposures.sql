-- GET /analytics/portfolio/{id}/factor-exposures: betas of the portfolio to the market, bonds, styles and the yield.
-- The quality is that of the factor with the least data. Standard errors take those of the symbols as independent. No
-- row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, weakest_factor_quality, collinear_factors, portfolio_quality
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and (model in ('market', 'bond', 'rates') or model = 'risk' and factor not in ('Market', 'Interest Rate'))
),

symbol_exposures as materialized (
    select
        bucket as symbol,
        delta_adjusted_exposure
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
),

errors as (
    select
        betas.model,
        betas.factor,
        sqrt(sum(power(symbol_exposures.delta_adjusted_exposure::double precision * betas.std_error, 2)))
            as dollar_error
    from symbol_exposures
    inner join fct_symbol_factor_betas as betas on symbol_exposures.symbol = betas.symbol
    where
        betas.symbol = any(array(select symbol from symbol_exposures))
        and betas.as_of_date = %(as_of_date)s::date
    group by betas.model, betas.factor
),

graded as (
    select
        factor_rows.*,
        case factor_rows.factor when 'Market' then 'Market Beta' else factor_rows.factor end as factor_name,
        case
            when factor_rows.ratio_null_reason is null then errors.dollar_error / nullif(snapshot.equity, 0)
        end as std_error,
        abs(factor_rows.dollar_exposure) < %(significant_t)s::double precision * errors.dollar_error
            as is_insignificant
    from factor_rows
    cross join snapshot
    left join errors on factor_rows.model = errors.model and factor_rows.factor = errors.factor
    where factor_rows.beta is not null
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'name', factor_name,
                    'beta', round(beta::numeric, 6),
                    'exposure_dollar', round(dollar_exposure::numeric, 2),
                    'model', model,
                    'std_error', round(std_error::numeric, 6),
                    'coverage', round(coverage::numeric, 6)
                )
                order by
                    array_position(
                        array[
                            'Market', 'IR Beta', 'Value', 'Growth', 'Momentum', 'Quality',
                            'Size', 'Low Volatility', 'Interest Rate'
                        ],
                        factor
                    )
            ),
            '[]'::json
        ) as body,
        coalesce(json_agg(factor_name order by factor_name) filter (where is_insignificant), '[]'::json)
            as insignificant
    from graded
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
                'models', json_build_array('market', 'bond', 'risk', 'rates'),
                'insignificant_betas', listed.insignificant,
                'collinear_factors', collinear_pairs.body,
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
cross join collinear_pairs
