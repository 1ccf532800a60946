{{ config(
    materialized='mart',
    grain=['position_id', 'as_of_date'],
    not_restated=['spot_move', 'volatility_move', 'rate_move'],
) }}

-- The P&L of an option position by the Greeks of the close before times the moves of the session; the residual is the
-- rest, to the cent. The Greeks explain what was held over the session, to its close; an entry or exit at another price
-- is trade_pnl.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where investment_class = 'OPTIONS' and {{ is_being_built() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

mergers as (
    select * from {{ ref('int_position_paths') }}
    where step > 1 and symbol is not null
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

closing as (
    select * from {{ ref('int_option_greeks') }}
),

opening as (
    {{ portfolio_rows(
        ref('fct_position_greeks'),
        since='(select min(windows.session_before) from ' ~ ref('int_portfolio_windows') ~ ' as windows)'
    ) }}
),

-- when an option settles, its volatility and rate no longer matter: they count as unchanged
moved as (
    select
        position_values.position_id,
        position_values.as_of_date,
        position_values.portfolio_id,
        position_values.symbol,
        position_values.pricing_symbol as underlying_symbol,
        position_values.daily_pnl,
        position_values.hypothetical_pnl,
        opening.position_delta,
        opening.position_gamma,
        opening.position_theta,
        opening.position_vega,
        opening.position_rho,
        positions.first_session = position_values.as_of_date as is_first_day,
        -- a strike that falls by a special dividend, or by the cash of a merger, is a rise of the same amount
        closing.underlying_price * coalesce(mergers.step_ratio, splits.split_ratio, 1)
        + coalesce(mergers.step_cash, splits.strike_cut, 0) - opening.underlying_price as spot_move,
        case
            when closing.null_reason = 'expired' then 0
            else closing.implied_volatility - opening.implied_volatility
        end as volatility_move,
        case when closing.null_reason = 'expired' then 0 else closing.risk_free_rate - opening.risk_free_rate end
            as rate_move,
        case
            when closing.null_reason = 'expired' and positions.closed_by = 'settlement' then positions.expiration_date
            else position_values.as_of_date
        end - calendar.previous_trading_day as calendar_days,
        case
            when positions.first_session = position_values.as_of_date then null
            when array['missing_price', 'dead_symbol'] && array[position_values.price_flag, opening.price_flag]
                then 'missing_price'
            when position_values.price_flag = 'adjusted_deliverable' then 'adjusted_deliverable'
            when opening.null_reason is not null then opening.null_reason
            when opening.position_id is null then 'no_greeks'
            when closing.underlying_price is null then 'no_underlying_price'
            when closing.null_reason = 'expired' then null
            when closing.implied_volatility is null then 'no_volatility'
        end as null_reason
    from position_values
    inner join positions on position_values.position_id = positions.position_id
    inner join calendar on position_values.as_of_date = calendar.as_of_date
    left join opening
        on
            position_values.position_id = opening.position_id
            and calendar.previous_trading_day = opening.as_of_date
    left join closing
        on position_values.instrument_id = closing.contract and position_values.as_of_date = closing.as_of_date
    left join splits
        on
            position_values.pricing_symbol = splits.symbol
            and position_values.as_of_date = splits.ex_session
    left join mergers
        on
            position_values.position_id = mergers.position_id
            and position_values.as_of_date = mergers.from_session
),

-- what is not held at the close before has no move
explained as (
    select
        *,
        case
            when null_reason is not null then cast(null as double precision[])
            when is_first_day then array_fill(cast(0 as double precision), array[5])
            else array[
                position_delta * spot_move,
                position_gamma * spot_move * spot_move / 2,
                position_theta * calendar_days,
                position_vega * 100 * volatility_move,
                position_rho * 100 * rate_move
            ]
        end as terms
    from moved
),

rounded as (
    select
        *,
        cast(terms[1] as numeric(38, 2)) as delta_pnl,
        cast(terms[2] as numeric(38, 2)) as gamma_pnl,
        cast(terms[3] as numeric(38, 2)) as theta_pnl,
        cast(terms[4] as numeric(38, 2)) as vega_pnl,
        cast(terms[5] as numeric(38, 2)) as rho_pnl
    from explained
),

final as (
    select
        position_id,
        as_of_date,
        portfolio_id,
        symbol,
        underlying_symbol,
        daily_pnl,
        cast(daily_pnl - hypothetical_pnl as numeric(38, 2)) as trade_pnl,
        delta_pnl,
        gamma_pnl,
        theta_pnl,
        vega_pnl,
        rho_pnl,
        cast(
            hypothetical_pnl - (delta_pnl + gamma_pnl + theta_pnl + vega_pnl + rho_pnl) as numeric(38, 2)
        ) as residual,
        case when null_reason is null and not is_first_day then spot_move end as spot_move,
        case when null_reason is null and not is_first_day then volatility_move end as volatility_move,
        case when null_reason is null and not is_first_day then rate_move end as rate_move,
        case when null_reason is null and not is_first_day then calendar_days end as calendar_days,
        null_reason
    from rounded
)

select * from final
