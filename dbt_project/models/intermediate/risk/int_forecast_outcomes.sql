{{ config(
    materialized='mart',
    schema='published',
    readers=false,
    grain=['portfolio_id', 'as_of_date'],
    is_restated=false,
) }}

-- What forecasts of volatility made one horizon earlier are compared with: the returns since then of the weights of
-- then, delta-adjusted exposure / equity. A symbol without any return since counts nothing; a session on which another
-- one lacks its return makes the outcome unknown.
{%- set horizon = var('volatility_rules').har_horizon %}
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

snapshots as (
    {{ portfolio_rows(ref('fct_portfolio_snapshots'), since='(select min(sessions.as_of_date) from sessions)') }}
),

exposures as (
    {{ portfolio_rows(ref('fct_exposures_by_group'), since='(select min(sessions.as_of_date) from sessions)') }}
),

returns as (
    select * from {{ ref('int_return_windows') }}
),

being_built as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        sessions.session_number
    from {{ ref('fct_portfolio_snapshots') }} as snapshots
    inner join sessions on snapshots.as_of_date = sessions.as_of_date
    where {{ is_being_built('snapshots') }}
),

weights as (
    select
        being_built.portfolio_id,
        being_built.as_of_date,
        being_built.session_number,
        exposures.bucket as symbol,
        cast(exposures.delta_adjusted_exposure as double precision) / cast(origin.equity as double precision) as weight
    from being_built
    inner join sessions on being_built.session_number - {{ horizon }} = sessions.session_number
    inner join snapshots as origin
        on being_built.portfolio_id = origin.portfolio_id and sessions.as_of_date = origin.as_of_date
    inner join exposures
        on being_built.portfolio_id = exposures.portfolio_id and sessions.as_of_date = exposures.as_of_date
    where
        origin.equity > 0
        and exposures.dimension = 'symbol'
        and exposures.delta_adjusted_exposure is not null
),

daily as (
    select
        weights.portfolio_id,
        weights.as_of_date,
        returns.session_number,
        count(*) as symbols,
        sum(weights.weight * returns.daily_return order by weights.symbol) as pro_forma_return
    from weights
    inner join returns
        on
            weights.symbol = returns.symbol
            and returns.session_number between weights.session_number - {{ horizon - 1 }} and weights.session_number
    group by weights.portfolio_id, weights.as_of_date, returns.session_number
),

final as (
    select
        portfolio_id,
        as_of_date,
        sum(pro_forma_return order by session_number) as pro_forma_return,
        sqrt(252.0 / {{ horizon }} * sum(pro_forma_return * pro_forma_return order by session_number))
            as pro_forma_volatility
    from daily
    group by portfolio_id, as_of_date
    having count(*) = {{ horizon }} and min(symbols) = max(symbols)
)

select * from final
