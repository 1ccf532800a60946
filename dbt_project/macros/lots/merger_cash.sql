{#-
  The cash that mergers into shares paid to lots of statements by the last date built, under each method: realized less
  the part of the cost that it takes (int_position_paths). A short pays it. Columns as in fct_realized_gains.
-#}
{% macro merger_cash() -%}
select
        methods.method,
        lots.lot_id as disposal_id,
        lots.lot_id,
        0 as part,
        lots.portfolio_id,
        case methods.method when 'portfolio' then 'specific' else methods.method end as lot_method,
        'merger' as kind,
        lots.symbol,
        lots.underlying_symbol,
        lots.investment_class,
        lots.position_type,
        lots.is_short,
        lots.acquired_on,
        lots.is_dated,
        paths.since_date as disposed_on,
        0 as disposed_quantity,
        case when lots.is_short then paths.gain - paths.cash else paths.cash end as received,
        case when lots.is_short then -paths.cash else paths.cash - paths.gain end as paid,
        0 as disallowed,
        0 as adjustment,
        0 as tacked_days
    from {{ ref('int_position_paths') }} as paths
    inner join lots on paths.position_id = lots.lot_id
    inner join {{ ref('int_positions') }} as positions
        on
            paths.position_id = positions.position_id
            and (paths.from_session <= positions.last_session or positions.last_session is null)
            -- an opening balance has what a merger of its day paid in its cash
            and not (paths.from_session = positions.first_session and positions.is_opening)
            and paths.from_session >= positions.first_session
    cross join
        unnest(array['fifo', 'lifo', 'hifo', 'average', 'specific', 'portfolio']) as methods (method)
    where paths.cash <> 0 and paths.from_session <= {{ to_date() }}
{%- endmacro %}
