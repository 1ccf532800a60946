-- Every shock has a source: of a historical scenario the measured total move, to three digits (yields to a basis point,
-- the VIX to a percent), otherwise a calibration. Only styles are shocked beyond the market.
with scenarios as (
    select * from {{ ref('scenarios') }}
),

measured as (
    select * from {{ ref('measured_shocks') }}
    where shock_basis = 'total'
),

calibrations as (
    select * from {{ ref('shock_calibrations') }}
),

factors as (
    select factor from {{ ref('factors') }}
    where model = 'risk'
    union all
    select 'Volatility' as factor
)

select scenarios.*
from scenarios
left join factors on scenarios.factor = factors.factor
left join measured
    on
        scenarios.scenario_id = measured.scenario_id
        and scenarios.factor = measured.factor
        and scenarios.shock_basis = measured.shock_basis
        and scenarios.historical_period = measured.historical_period
        and scenarios.source = measured.source
        and abs(scenarios.shock - measured.shock)
        <= case scenarios.factor when 'Volatility' then 0.00501 when 'Interest Rate' then 0.00001 else 0.00051 end
left join calibrations on scenarios.source = calibrations.source and scenarios.historical_period is null
where
    factors.factor is null
    or (measured.source is null and calibrations.source is null)
    or scenarios.shock_basis not in ('total', 'beyond_market')
    or (scenarios.shock_basis = 'beyond_market' and scenarios.factor in ('Market', 'Interest Rate', 'Volatility'))
    or (scenarios.shock <= -1 and scenarios.factor <> 'Interest Rate')
