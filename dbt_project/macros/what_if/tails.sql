{#-
  CTEs of a what-if: value at risk and expected shortfall from outcome vectors, as udf.portfolio_var. What is held has the
  vectors of the portfolio's publication, what is bought those of its symbol.
-#}
{% macro what_if_outcomes() -%}
held_vectors as materialized (
    select
        instrument_id,
        outcomes,
        unknown_sessions
    from {{ mart('fct_instrument_outcomes') }}
    where portfolio_id = what_if.portfolio_id and as_of_date = what_if.as_of_date
),


vectors as (
    select * from held_vectors
    union all
    select
        symbol_outcomes.symbol as instrument_id,
        symbol_outcomes.outcomes,
        symbol_outcomes.unknown_sessions
    from {{ mart('fct_symbol_outcomes') }} as symbol_outcomes
    where
        symbol_outcomes.as_of_date = what_if.as_of_date
        and symbol_outcomes.symbol = any(array(select unnest(bought_symbols.symbols) from bought_symbols))
        and not exists (
            select from held_vectors
            where held_vectors.instrument_id = symbol_outcomes.symbol
        )
),

instruments as (
    select
        side,
        instrument_id,
        sum(units order by position_id, units) as units
    from positions
    where instrument_id is not null
    group by side, instrument_id
),

summed_vectors as (
    select
        instruments.side,
        cast({{ sum_of_vectors('vectors.outcomes', 'instruments.units', order='instruments.instrument_id') }} as real[])
            as outcomes
    from instruments
    inner join vectors on instruments.instrument_id = vectors.instrument_id
    group by instruments.side
),

unknown_sessions as (
    select distinct
        instruments.side,
        places.session_number
    from instruments
    inner join vectors on instruments.instrument_id = vectors.instrument_id
    cross join unnest(vectors.unknown_sessions) as places (session_number)
    where instruments.units <> 0
),

outcomes as materialized (
    select
        summed_vectors.side,
        sessions.session_number,
        sessions.session_number > cardinality(summed_vectors.outcomes) - {{ var('risk_rules').window }} as is_in_window,
        cast(sessions.outcome as double precision) as outcome
    from summed_vectors
    cross join unnest(summed_vectors.outcomes) with ordinality as sessions (outcome, session_number)
    left join unknown_sessions
        on summed_vectors.side = unknown_sessions.side and sessions.session_number = unknown_sessions.session_number
    where unknown_sessions.side is null
)
{%- endmacro %}


{% macro what_if_tails() -%}
{{ filtered_outcomes('outcomes', key='side') }},

methods as (
    select
        side || ' historical' as series,
        outcome
    from outcomes
    where is_in_window
    union all
    select
        side || ' filtered' as series,
        outcome
    from scaled_outcomes
),

{{ tail_quantiles('methods', 'series') }},

tails as (
    select
        split_part(series, ' ', 1) as side,
        split_part(series, ' ', 2) as method,
        confidence,
        -quantile as value_at_risk,
        {{ mean_tail_loss('quantiles.outcomes', 'quantiles.quantile') }} as expected_shortfall
    from quantiles
),

tail_rows as (
    select
        variances.side,
        figures.figure,
        figures.value,
        variances.coverage,
        variances.positions_in_scope
    from (
        select
            variances.side,
            variances.coverage,
            scopes.positions_in_scope
        from variances
        inner join scopes on variances.side = scopes.side
    ) as variances
    cross join (
        values ('historical', '', cast(0.95 as double precision)), ('historical', '', 0.99),
        ('filtered', '_filtered', 0.95), ('filtered', '_filtered', 0.99)
    ) as wanted (method, suffix, confidence)
    left join tails
        on variances.side = tails.side and wanted.method = tails.method and wanted.confidence = tails.confidence
    cross join lateral (
        values
        (concat('var_', round(100 * cast(wanted.confidence as numeric)), '_1d', wanted.suffix), tails.value_at_risk),
        (concat('es_', round(100 * cast(wanted.confidence as numeric)), '_1d', wanted.suffix), tails.expected_shortfall)
    ) as figures (figure, value)
),

tail_figures as (
    select
        side,
        'var' as section,
        cast(null as text) as model,
        cast(null as text) as part,
        figure,
        'USD' as unit,
        value,
        coverage,
        case
            when value is null and positions_in_scope = 0 then 'no_public_positions'
            when value is null then 'too_few_outcomes'
        end as null_reason
    from tail_rows
)
{%- endmacro %}
