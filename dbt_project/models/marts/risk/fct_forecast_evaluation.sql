{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date', 'forecast', 'model']) }}

-- Forecasts compared with outcomes, on the session on which the forecast period ends, for each of the models that make
-- the forecast and only where all of them have one. The bias statistic is the standard deviation of outcomes in units
-- of their forecast (1: unbiased, above 1: risk was underestimated). QLIKE is the mean of r - ln r - 1 with r =
-- realized / forecast variance (0: perfect). Patton (2011), Menchero et al. (2011).
{%- set horizon = var('volatility_rules').har_horizon %}
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
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

monthly as (
    {{ portfolio_rows(ref('int_forecast_outcomes'), since='(select min(sessions.as_of_date) from sessions)') }}
),

outcomes as (
    select
        monthly.*,
        sessions.session_number
    from monthly
    inner join sessions on monthly.as_of_date = sessions.as_of_date
),

returns as (
    select * from {{ ref('int_public_returns') }}
),

due as (
    select
        outcomes.portfolio_id,
        outcomes.as_of_date,
        outcomes.session_number,
        'volatility_21d' as forecast,
        models.*,
        outcomes.pro_forma_volatility as realized_value,
        outcomes.pro_forma_return / nullif(models.forecast_value * sqrt({{ horizon }} / 252.0), 0) as score
    from outcomes
    inner join risk
        on
            outcomes.portfolio_id = risk.portfolio_id
            and outcomes.session_number = risk.session_number + {{ horizon }}
            and num_nulls(
                risk.forecast_volatility_21d_garch, risk.forecast_volatility_21d_ewma, risk.forecast_volatility_21d_har
            ) = 0
    cross join
        lateral (
            values
            ('garch', risk.forecast_volatility_21d_garch),
            ('ewma', risk.forecast_volatility_21d_ewma),
            ('har', risk.forecast_volatility_21d_har),
            ('selected', risk.forecast_volatility_21d)
        ) as models (model, forecast_value)
    union all
    select
        returns.portfolio_id,
        returns.as_of_date,
        returns.session_number,
        levels.*,
        case levels.model
            when 'risk' then sqrt(252.0) * abs(returns.hypothetical_return) else 0 - returns.hypothetical_pnl
        end as realized_value,
        case levels.model
            when 'risk' then returns.hypothetical_return / nullif(levels.forecast_value / sqrt(252.0), 0)
        end as score
    from returns
    inner join risk
        on
            returns.portfolio_id = risk.portfolio_id
            and returns.session_number = risk.session_number + 1
    cross join
        lateral (
            values
            ('total_volatility_1d', 'risk', risk.total_volatility),
            ('var_95_1d', 'historical', risk.var_95_1d),
            ('var_95_1d', 'filtered', risk.var_95_1d_filtered),
            ('var_95_1d', 'parametric', risk.var_95_1d_parametric),
            ('var_99_1d', 'historical', risk.var_99_1d),
            ('var_99_1d', 'filtered', risk.var_99_1d_filtered),
            ('var_99_1d', 'parametric', risk.var_99_1d_parametric)
        ) as levels (forecast, model, forecast_value)
    where levels.model = 'risk' or num_nulls(risk.var_95_1d, risk.var_95_1d_filtered, risk.var_95_1d_parametric) = 0
),

graded as (
    select
        portfolio_id,
        as_of_date,
        forecast,
        model,
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
        partition by portfolio_id, forecast, model order by session_number
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
