-- GET /analytics/portfolio/{id}/risk-decomposition: the variance explained by each factor, and the symbol-specific
-- variance (model risk). No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_risk, portfolio_quality
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model = 'risk'
        and beta is not null
),

factors as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'name', factor_rows.factor,
                    'beta', round(factor_rows.beta::numeric, 6),
                    'exposure_dollar', round(factor_rows.dollar_exposure::numeric, 2),
                    'variance_contribution', round(factor_rows.variance_contribution::numeric, 10),
                    'share_of_variance', round(factor_rows.share_of_variance::numeric, 6)
                )
                order by
                    array_position(
                        array[
                            'Market', 'Value', 'Growth', 'Momentum', 'Quality', 'Size',
                            'Low Volatility', 'Interest Rate'
                        ],
                        factor_rows.factor
                    )
            ),
            '[]'::json
        ) as body
    from factor_rows
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', risk.total_volatility is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when risk.total_volatility is not null then snapshot.as_of_date end,
            'data', case
                when risk.total_volatility is not null then json_build_object(
                    'systematic_volatility', round(risk.systematic_volatility::numeric, 6),
                    'idiosyncratic_volatility', round(risk.idiosyncratic_volatility::numeric, 6),
                    'total_volatility', round(risk.total_volatility::numeric, 6),
                    'systematic_share', round(risk.systematic_share::numeric, 6),
                    'factors', factors.body
                )
            end,
            'metadata', json_build_object(
                'model', 'risk',
                'coverage', round(risk.coverage::numeric, 6),
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join factors
left join risk on true
