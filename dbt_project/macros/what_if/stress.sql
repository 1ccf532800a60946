{#-
  CTEs of a what-if: P&L under each scenario, as in fct_portfolio_stress. What is held has the stress of the portfolio's
  publication, what is bought that of its symbol.
-#}
{% macro what_if_stress() -%}
unit_stress as (
    select
        instrument_id,
        scenario_id,
        direct_pnl,
        correlated_pnl,
        replay_pnl
    from {{ mart('fct_instrument_stress') }}
    where portfolio_id = what_if.portfolio_id and as_of_date = what_if.as_of_date
    union all
    select
        symbol_stress.symbol as instrument_id,
        symbol_stress.scenario_id,
        symbol_stress.direct_pnl,
        symbol_stress.correlated_pnl,
        symbol_stress.replay_pnl
    from {{ mart('fct_symbol_stress') }} as symbol_stress
    where
        symbol_stress.as_of_date = what_if.as_of_date
        and symbol_stress.symbol = any(array(select unnest(bought_symbols.symbols) from bought_symbols))
        and not exists (
            select from positions
            where positions.side = 'before' and positions.instrument_id = symbol_stress.symbol
        )
),

stress as (
    select
        positions.side,
        unit_stress.scenario_id,
        {%- for result in ['direct', 'correlated', 'replay'] %}
            {{ exact_sum('positions.units * unit_stress.' ~ result ~ '_pnl') }} as {{ result }}_pnl,
        {%- endfor %}
        cast(sum(abs(positions.market_value)) as double precision) as covered_market_value
    from positions
    inner join unit_stress on positions.instrument_id = unit_stress.instrument_id
    group by positions.side, unit_stress.scenario_id
),

scenarios as (
    select distinct scenario_id from {{ mart('dim_scenarios') }}
),

stress_figures as (
    select
        scopes.side,
        'stress' as section,
        cast(null as text) as model,
        scenarios.scenario_id as part,
        figures.figure,
        figures.unit,
        figures.value,
        case
            when totals.position_count > 0 then coalesce(
                (stress.covered_market_value + scopes.cash_market_value) / nullif(totals.gross_market_value, 0),
                case when stress.side is null then 0 else 1 end
            )
        end as coverage,
        case
            when figures.value is not null then null
            when scopes.positions_in_scope = 0 then 'no_public_positions'
            when stress.side is null then 'no_factor_data'
            when figures.figure = 'replay_pnl' then 'not_historical'
            else 'equity_not_positive'
        end as null_reason
    from scopes
    inner join totals on scopes.side = totals.side
    cross join scenarios
    left join stress on scopes.side = stress.side and scenarios.scenario_id = stress.scenario_id
    cross join lateral (
        values
        ('direct_pnl', 'USD', stress.direct_pnl),
        ('direct_pct_equity', 'ratio', case when scopes.size > 0 then stress.direct_pnl / scopes.size end),
        ('correlated_pnl', 'USD', stress.correlated_pnl),
        ('replay_pnl', 'USD', stress.replay_pnl)
    ) as figures (figure, unit, value)
)
{%- endmacro %}
