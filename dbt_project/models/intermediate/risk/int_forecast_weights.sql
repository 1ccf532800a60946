-- The weights whose returns forecasts of volatility are compared with, one horizon later: delta-adjusted exposure /
-- equity.
{%- set horizon = var('volatility_rules').har_horizon %}
with sessions as (
    select * from {{ ref('int_session_windows') }}
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

origins as (
    select distinct sessions.as_of_date
    from being_built
    inner join sessions on being_built.session_number - {{ horizon }} = sessions.session_number
),

snapshots as (
    {{ portfolio_rows(ref('fct_portfolio_snapshots'), since='(select min(origins.as_of_date) from origins)') }}
),

-- as an array, so that rows of other dates are not unpacked
exposures as materialized (
    select *
    from ({{ portfolio_rows(ref('fct_exposures_by_group')) }}) as visible
    where dimension = 'symbol' and as_of_date = any(array(select origins.as_of_date from origins))
),

final as (
    select
        being_built.portfolio_id,
        being_built.as_of_date,
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
        and exposures.delta_adjusted_exposure is not null
)

select * from final
