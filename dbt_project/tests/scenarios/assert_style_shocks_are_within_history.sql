-- A style moves no further beyond the market than in history (var style_limits): its total shock less the market's, and
-- its shock beyond the market. Guards against shocks of ten standard deviations.
with scenarios as (
    select * from {{ ref('scenarios') }}
),

markets as (
    select
        scenario_id,
        shock
    from scenarios
    where factor = 'Market'
),

limits (factor, lowest_total, highest_total, beyond_market) as (
    values
    {% for factor, limit in var('style_limits').items() -%}
        ('{{ factor }}', {{ limit.lowest_total }}, {{ limit.highest_total }}, {{ limit.beyond_market }})
        {{- ',' if not loop.last }}
    {% endfor %}
)

select
    scenarios.*,
    markets.shock as market_shock
from scenarios
inner join limits on scenarios.factor = limits.factor
left join markets on scenarios.scenario_id = markets.scenario_id
where
    case scenarios.shock_basis
        when 'total'
            then scenarios.shock - coalesce(markets.shock, 0) not between limits.lowest_total and limits.highest_total
        else abs(scenarios.shock) > limits.beyond_market
    end
