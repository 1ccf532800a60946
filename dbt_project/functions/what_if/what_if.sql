-- Every figure before and after the trades, by the statements of the marts. The sections are macros (macros/what_if).
with positions as materialized (
    select
        *,
        {{ stress_units() }} as units
    from {{ udf('what_if_positions') }}(what_if.portfolio_id, what_if.as_of_date, trades, cash)
),

snapshot as (
    select
        equity,
        net_market_value
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = what_if.portfolio_id and as_of_date = what_if.as_of_date
),

bought_symbols as (
    select array_agg(distinct instrument_id) as symbols from positions
    where is_bought
),

{{ what_if_scopes() }},

{{ what_if_exposures() }},

{{ what_if_concentration() }},

{{ what_if_betas() }},

{{ what_if_variances() }},

{{ what_if_outcomes() }},

{{ what_if_tails() }},

{{ what_if_stress() }},

{{ what_if_greeks() }},

{{ what_if_liquidity() }},

{{ what_if_liquidity_figures() }},

figures as (
    select * from exposure_figures
    {%- for section in ['beta', 'variance', 'tail', 'stress', 'concentration', 'greek', 'liquidity'] %}
        union all
        select * from {{ section }}_figures
    {%- endfor %}
),

paired as (
    select
        section,
        model,
        part,
        figure,
        min(unit) as unit,
        min(value) filter (where side = 'before') as value_before,
        min(value) filter (where side = 'after') as value_after,
        min(coverage) filter (where side = 'before') as coverage_before,
        min(coverage) filter (where side = 'after') as coverage_after,
        min(null_reason) filter (where side = 'before') as null_reason_before,
        min(null_reason) filter (where side = 'after') as null_reason_after
    from figures
    group by section, model, part, figure
)

select
    section,
    model,
    part,
    figure,
    unit,
    value_before,
    value_after,
    value_after - value_before as value_change,
    coverage_before,
    coverage_after,
    null_reason_before,
    null_reason_after
from paired
