-- GET /analytics/portfolio/{id}/beta-comparison: for each open position, the provider's beta beside the one from
-- regressions; an option shows its underlying's. No row: not this user's. A row without a body: the portfolio begins
-- later.
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

open_values as materialized (
    select *
    from fct_position_values
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and is_open
),

-- Keys are handed to the views as arrays: only so does the planner look them up in the index.
described as materialized (
    select
        open_values.*,
        coalesce(dim_positions.underlying_symbol, open_values.symbol) as priced_symbol
    from open_values
    inner join dim_positions
        on
            open_values.position_id = dim_positions.position_id
            and dim_positions.portfolio_id = any(array(select portfolio_id from open_values))
),

provider_betas as (
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

quality as (
    select
        case
            when count(*) filter (where investment_class <> 'PRIVATE') = 0 then 'no_public_positions'
            when count(beta) = 0 then 'no_factor_data'
            when bool_or(quality_flag = 'limited_history') then 'limited_history'
            else 'full_history'
        end as quality_flag,
        concat(
            count(beta), ' of ', count(*), ' positions have a calculated beta, ', count(provider_beta),
            ' one of a provider.'
        ) as quality_message,
        count(beta) as positions_analyzed,
        min(observations) as data_days
    from compared
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
                'limit', %(limit)s::integer,
                'offset', %(offset)s::integer,
                'rows_returned', listed.row_count,
                'truncated', %(offset)s + listed.row_count < snapshot.position_count,
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
