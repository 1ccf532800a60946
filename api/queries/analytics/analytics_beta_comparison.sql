-- GET /analytics/portfolio/{id}/beta-comparison: for each open position, the provider's beta next to the one from
-- regressions; an option shows its underlying's. No row: the portfolio is not this user's. Null body: it begins after
-- the session.
-- with portfolio_scope, open_positions, position_quality, portfolio_quality
with provider_betas as (
    select
        symbol,
        provider_beta
    from fct_symbol_risk
    where
        symbol = any(array(select priced_symbol from described))
        and as_of_date = %(as_of_date)s::date
        and provider_beta is not null
),

betas as (
    select *
    from fct_symbol_factor_betas
    where
        symbol = any(array(select priced_symbol from described))
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
),

compared as (
    select
        described.symbol,
        described.position_id,
        described.investment_class,
        described.is_cash_equivalent,
        described.market_value,
        provider_betas.provider_beta,
        betas.beta,
        betas.r_squared,
        betas.observations,
        betas.as_of_date,
        betas.quality_flag
    from described
    left join provider_betas
        on described.priced_symbol = provider_betas.symbol and described.investment_class <> 'PRIVATE'
    left join betas on described.priced_symbol = betas.symbol and described.investment_class <> 'PRIVATE'
),

judged as (
    select
        symbol,
        market_value,
        investment_class = 'PRIVATE' as is_private,
        is_cash_equivalent as is_cash,
        beta is not null as is_measured,
        quality_flag = 'limited_history' as is_limited,
        observations as data_days
    from compared
),

beta_counts as (
    select
        count(*) as positions,
        count(beta) as calculated,
        count(provider_beta) as provided
    from compared
),

quality as (
    select
        position_quality.*,
        concat_ws(
            ' ',
            concat(
                beta_counts.calculated, ' of ', beta_counts.positions, ' positions have a calculated beta, ',
                beta_counts.provided, ' one of a provider.'
            ),
            position_quality.coverage_message
        ) as quality_message
    from position_quality
    cross join beta_counts
),

page as (
    select * from compared
    order by abs(market_value) desc, symbol, position_id
    limit %(limit)s offset %(offset)s
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'symbol', symbol,
                    'position_id', position_id,
                    'market_beta', round(provider_beta::numeric, 6),
                    'calculated_beta', round(beta::numeric, 6),
                    'beta_r_squared', round(r_squared::numeric, 6),
                    'calculation_date', as_of_date,
                    'observations', observations,
                    'beta_difference', round((beta - provider_beta)::numeric, 6)
                )
                order by abs(market_value) desc, symbol, position_id
            ),
            '[]'::json
        ) as body
    from page
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', coalesce(quality.positions_analyzed > 0, false),
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when coalesce(quality.positions_analyzed > 0, false) then snapshot.as_of_date end,
            'positions', listed.body,
            'metadata', json_build_object(
                'model', 'market',
                'total_positions', beta_counts.positions,
                'positions_with_market_beta', beta_counts.provided,
                'positions_with_calculated_beta', beta_counts.calculated,
                'limit', %(limit)s::integer,
                'offset', %(offset)s::integer,
                'rows_returned', listed.row_count,
                'truncated', %(offset)s + listed.row_count < snapshot.position_count,
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
cross join beta_counts
left join quality on true
