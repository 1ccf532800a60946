-- Number of daily losses larger than the VaR of the session before, over the backtest window, and the transitions
-- between days with and without a breach (n01: a breach after a day without one). By method of the VaR, and by the P&L
-- that it is compared with.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

returns as (
    select * from {{ ref('int_public_returns') }}
),

risk as (
    {{ portfolio_rows(ref('fct_portfolio_risk'), since='(select min(sessions.as_of_date) from sessions)') }}
),

forecasts as (
    select
        risk.portfolio_id,
        sessions.session_number + 1 as session_number,
        levels.*
    from risk
    inner join sessions on risk.as_of_date = sessions.as_of_date
    cross join
        lateral (
            values
            ('historical', cast(0.95 as double precision), risk.var_95_1d),
            ('historical', cast(0.99 as double precision), risk.var_99_1d),
            ('filtered', cast(0.95 as double precision), risk.var_95_1d_filtered),
            ('filtered', cast(0.99 as double precision), risk.var_99_1d_filtered)
        ) as levels (method, confidence, value_at_risk)
    where levels.value_at_risk is not null
),

outcomes as (
    select
        returns.portfolio_id,
        returns.as_of_date,
        returns.session_number,
        forecasts.method,
        bases.pnl_basis,
        forecasts.confidence,
        cast(-bases.pnl > forecasts.value_at_risk as integer) as breach
    from returns
    inner join forecasts
        on
            returns.portfolio_id = forecasts.portfolio_id
            and returns.session_number = forecasts.session_number
    cross join
        lateral (
            values ('hypothetical', returns.hypothetical_pnl), ('actual', returns.actual_pnl)
        ) as bases (pnl_basis, pnl)
    where bases.pnl is not null
),

linked as (
    select
        *,
        case when lag(session_number) over by_date = session_number - 1 then lag(breach) over by_date end
            as previous_breach
    from outcomes
    window by_date as (partition by portfolio_id, method, pnl_basis, confidence order by session_number)
),

counted as (
    select
        portfolio_id,
        as_of_date,
        method,
        pnl_basis,
        confidence,
        count(*) over recent as observations,
        sum(breach) over recent as breaches,
        count(*) filter (where previous_breach = 0 and breach = 0) over recent as n00,
        count(*) filter (where previous_breach = 0 and breach = 1) over recent as n01,
        count(*) filter (where previous_breach = 1 and breach = 0) over recent as n10,
        count(*) filter (where previous_breach = 1 and breach = 1) over recent as n11,
        count(*) over lately as year_observations,
        sum(breach) over lately as year_breaches
    from linked
    window
        recent as (
            partition by portfolio_id, method, pnl_basis, confidence order by session_number
            range between {{ var('backtest_window') - 1 }} preceding and current row
        ),
        lately as (
            partition by portfolio_id, method, pnl_basis, confidence order by session_number
            range between {{ var('traffic_light').days - 1 }} preceding and current row
        )
),

final as (
    select counted.*
    from counted
    inner join windows
        on counted.portfolio_id = windows.portfolio_id and counted.as_of_date >= windows.from_date
)

select * from final
