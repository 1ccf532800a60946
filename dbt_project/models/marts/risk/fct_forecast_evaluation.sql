{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date', 'forecast']) }}

-- Forecasts compared with outcomes, on the session on which the forecast period ends. The bias statistic is the
-- standard deviation of outcomes in units of their forecast (1: unbiased, above 1: risk was underestimated). QLIKE is
-- the mean of r - ln r - 1 with r = realized / forecast variance (0: perfect). Patton (2011), Menchero et al. (2011).
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

outcomes as (
    select
        *,
        sum(daily_return) over horizon as sum_21d,
        sum(daily_return * daily_return) over horizon as squares_21d,
        count(daily_return) over horizon as known_21d
    from {{ ref('int_public_returns') }}
    window horizon as (
        partition by portfolio_id order by session_number
        range between {{ var('volatility_rules').har_horizon - 1 }} preceding and current row
    )
),

forecasts as (
    {{ portfolio_rows(ref('fct_portfolio_risk'), since='(select min(sessions.as_of_date) from sessions)') }}
),

risk as (
    select
        forecasts.*,
        sessions.session_number
    from forecasts
    inner join sessions on forecasts.as_of_date = sessions.as_of_date
),

due as (
    select
        outcomes.portfolio_id,
        outcomes.as_of_date,
        outcomes.session_number,
        'volatility_21d' as forecast,
        risk.forecast_volatility_21d as forecast_value,
        sqrt(252.0 / outcomes.known_21d * outcomes.squares_21d) as realized_value,
        outcomes.sum_21d
        / nullif(risk.forecast_volatility_21d * sqrt({{ var('volatility_rules').har_horizon }} / 252.0), 0) as score
    from outcomes
    inner join risk
        on
            outcomes.portfolio_id = risk.portfolio_id
            and outcomes.session_number = risk.session_number + {{ var('volatility_rules').har_horizon }}
    where outcomes.known_21d = {{ var('volatility_rules').har_horizon }}
    union all
    select
        outcomes.portfolio_id,
        outcomes.as_of_date,
        outcomes.session_number,
        'total_volatility_1d' as forecast,
        risk.total_volatility as forecast_value,
        sqrt(252.0) * abs(outcomes.daily_return) as realized_value,
        outcomes.daily_return / nullif(risk.total_volatility / sqrt(252.0), 0) as score
    from outcomes
    inner join risk
        on outcomes.portfolio_id = risk.portfolio_id and outcomes.session_number = risk.session_number + 1
    union all
    select
        outcomes.portfolio_id,
        outcomes.as_of_date,
        outcomes.session_number,
        levels.forecast,
        levels.forecast_value,
        0 - outcomes.pnl as realized_value,
        null as score
    from outcomes
    inner join risk
        on outcomes.portfolio_id = risk.portfolio_id and outcomes.session_number = risk.session_number + 1
    cross join lateral (
        values ('var_95_1d', risk.var_95_1d), ('var_99_1d', risk.var_99_1d)
    ) as levels (forecast, forecast_value)
),

graded as (
    select
        portfolio_id,
        as_of_date,
        forecast,
        forecast_value,
        realized_value,
        case when count(score) over recent >= {{ var('evaluation_minimum') }} then stddev_samp(score) over recent end
            as bias_statistic,
        case
            when count(score) over recent >= {{ var('evaluation_minimum') }}
                then avg(case
                    when score is not null and realized_value > 0
                        then
                            power(realized_value / forecast_value, 2)
                            - 2 * ln(realized_value / forecast_value) - 1
                end) over recent
        end as qlike,
        cast(count(*) over recent as integer) as observations
    from due
    where forecast_value is not null and realized_value is not null
    window recent as (
        partition by portfolio_id, forecast order by session_number
        range between {{ var('backtest_window') - 1 }} preceding and current row
    )
),

final as (
    select graded.*
    from graded
    inner join windows
        on graded.portfolio_id = windows.portfolio_id and graded.as_of_date >= windows.from_date
)

select * from final
