{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date']) }}

-- Greeks of portfolios: the sum over options, plus shares, each with a delta of one. Options without Greeks are left
-- out and counted.
with scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

option_greeks as (
    select
        portfolio_id,
        as_of_date,
        sum(position_delta order by position_id) as delta,
        sum(position_gamma order by position_id) as gamma,
        sum(position_theta order by position_id) as theta,
        sum(position_vega order by position_id) as vega,
        sum(position_rho order by position_id) as rho,
        sum(delta_dollars order by position_id) as delta_dollars,
        sum(gamma_dollars_1pct order by position_id) as gamma_dollars_1pct,
        count(*) as option_count,
        count(*) filter (where delta is null) as options_without_greeks
    from {{ ref('fct_position_greeks') }}
    where null_reason is distinct from 'expired' and {{ is_being_built() }}
    group by portfolio_id, as_of_date
),

shares as (
    select
        portfolio_id,
        as_of_date,
        cast(sum(quantity) as double precision) as delta,
        cast(sum(market_value) as double precision) as delta_dollars
    from {{ ref('int_position_values') }}
    where
        is_open and investment_class = 'PUBLIC' and not is_cash_equivalent
        and {{ is_being_built() }}
    group by portfolio_id, as_of_date
),

added as (
    select
        scopes.portfolio_id,
        scopes.as_of_date,
        scopes.positions_in_scope > 0 as is_in_scope,
        coalesce(option_greeks.option_count, 0) as option_count,
        coalesce(option_greeks.options_without_greeks, 0) as options_without_greeks,
        -- without options the Greeks are 0; if no option has Greeks, they are unknown
        option_greeks.option_count is null as has_no_options,
        coalesce(shares.delta, 0) as share_delta,
        coalesce(shares.delta_dollars, 0) as share_delta_dollars,
        option_greeks.delta,
        option_greeks.gamma,
        option_greeks.theta,
        option_greeks.vega,
        option_greeks.rho,
        option_greeks.delta_dollars,
        option_greeks.gamma_dollars_1pct
    from scopes
    left join option_greeks
        on scopes.portfolio_id = option_greeks.portfolio_id and scopes.as_of_date = option_greeks.as_of_date
    left join shares
        on scopes.portfolio_id = shares.portfolio_id and scopes.as_of_date = shares.as_of_date
),

final as (
    select
        portfolio_id,
        as_of_date,
        case when is_in_scope then share_delta + case when has_no_options then 0 else delta end end as delta,
        case when is_in_scope and has_no_options then 0 else gamma end as gamma,
        case when is_in_scope and has_no_options then 0 else theta end as theta,
        case when is_in_scope and has_no_options then 0 else vega end as vega,
        case when is_in_scope and has_no_options then 0 else rho end as rho,
        case when is_in_scope then share_delta_dollars + case when has_no_options then 0 else delta_dollars end end
            as delta_dollars,
        case when is_in_scope and has_no_options then 0 else gamma_dollars_1pct end as gamma_dollars_1pct,
        cast(option_count as integer) as option_count,
        cast(options_without_greeks as integer) as options_without_greeks,
        case
            when not is_in_scope then 'no_public_positions'
            when options_without_greeks = option_count and option_count > 0 then 'options_without_greeks'
        end as null_reason
    from added
)

select * from final
