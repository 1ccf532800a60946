{#-
  CTEs of a what-if on the portfolio before and after its trades, each a side: totals of positions, holdings by symbol as
  int_portfolio_holdings, and scopes as int_portfolio_scopes.
-#}
{% macro what_if_scopes() -%}
totals as (
    select
        sides.side,
        coalesce(sum(positions.market_value), 0) as net_market_value,
        coalesce(sum(positions.market_value) filter (where not is_cash_equivalent and market_value > 0), 0)
            as long_exposure,
        coalesce(-sum(positions.market_value) filter (where not is_cash_equivalent and market_value < 0), 0)
            as short_exposure,
        coalesce(sum(delta_adjusted_exposure) filter (where not is_cash_equivalent and delta_adjusted_exposure > 0), 0)
            as long_delta_adjusted,
        coalesce(-sum(delta_adjusted_exposure) filter (where not is_cash_equivalent and delta_adjusted_exposure < 0), 0)
            as short_delta_adjusted,
        count(positions.symbol) filter (where delta_adjusted_exposure is null) > 0 as has_unknown_delta,
        count(positions.symbol) as position_count,
        cast(sum(abs(positions.market_value)) as double precision) as gross_market_value,
        cast(
            sum(abs(market_value)) filter (where delta_adjusted_exposure is not null) as double precision
        ) as known_market_value
    from (values ('before'), ('after')) as sides (side)
    -- no row without a snapshot
    cross join snapshot
    left join positions on sides.side = positions.side
    group by sides.side
),

holdings as materialized (
    select
        side,
        pricing_symbol as symbol,
        bool_and(is_cash_equivalent) as is_cash,
        cast(coalesce(sum(delta_adjusted_exposure) filter (where not is_cash_equivalent), 0) as double precision)
            as exposure,
        cast(sum(abs(market_value)) as double precision) as gross_market_value,
        cast(
            coalesce(sum(abs(market_value)) filter (where delta_adjusted_exposure is not null), 0)
            as double precision
        ) as known_market_value,
        count(*) as positions,
        count(delta_adjusted_exposure) as known_positions
    from positions
    where investment_class <> 'PRIVATE'
    group by side, pricing_symbol
),

scoped as (
    select
        side,
        sum(positions) filter (where not is_cash) as positions_in_scope,
        {{ exact_sum('gross_market_value') }} as gross_market_value,
        sum(gross_market_value) filter (where is_cash) as cash_market_value
    from holdings
    group by side
),

-- trades at the close: their money comes out of cash, or cash is fixed and equity takes it
scopes as (
    select
        totals.side,
        case
            when what_if.cash = 'absorb' then snapshot.equity
            else snapshot.equity - snapshot.net_market_value + totals.net_market_value
        end as equity,
        cast(case
            when what_if.cash = 'absorb' then snapshot.equity
            else snapshot.equity - snapshot.net_market_value + totals.net_market_value
        end as double precision) as size,
        coalesce(scoped.positions_in_scope, 0) as positions_in_scope,
        scoped.gross_market_value,
        coalesce(scoped.cash_market_value, 0) as cash_market_value
    from totals
    cross join snapshot
    left join scoped on totals.side = scoped.side
)
{%- endmacro %}
