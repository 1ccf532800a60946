{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date']) }}

-- Diversification of every portfolio; without two comparable symbols the figures are null and a flag gives the reason.
-- The symbols of the matrix are stored as an array, in the order of int_symbol_correlations, for fct_correlation_pairs.
with scopes as (
    select * from {{ ref('int_portfolio_scopes') }}
),

correlation_statistics as (
    select * from {{ ref('int_portfolio_correlations') }}
    where part = 'portfolio'
),

measured as (
    select * from {{ ref('int_portfolio_correlations') }}
    where part in ('member', 'cancelled')
),

holdings as (
    select * from {{ ref('int_portfolio_holdings') }}
),

unmeasured as (
    select * from {{ ref('int_unmeasured_positions') }}
    where factor_model = 'correlation'
),

included as (
    select
        measured.portfolio_id,
        measured.as_of_date,
        {{ exact_sum('holdings.known_market_value') }} as covered_market_value,
        sum(holdings.known_positions) as positions_analyzed,
        array_agg(measured.symbol order by measured.symbol collate "C") filter ( -- noqa: RF02
            where measured.part = 'member'
        ) as symbols
    from measured
    inner join holdings
        on
            measured.portfolio_id = holdings.portfolio_id
            and measured.as_of_date = holdings.as_of_date
            and measured.symbol = holdings.symbol
    group by measured.portfolio_id, measured.as_of_date
),

flagged as (
    select
        scopes.*,
        found.mean_correlation,
        found.diversification_score,
        found.effective_bets,
        coalesce(found.cluster_count, 0) as cluster_count,
        coalesce(found.symbols_included, 0) as symbols_included,
        coalesce(found.symbols_excluded, 0) as symbols_excluded,
        coalesce(found.is_repaired, false) as is_repaired,
        found.min_eigenvalue,
        coalesce(found.data_days, 0) as data_days,
        coalesce(included.positions_analyzed, 0) as positions_analyzed,
        included.symbols,
        unmeasured.unmeasured_symbols,
        unmeasured.positions_not_measured,
        {{ (var('full_history_share') * var('correlation_rules').window) | round | int }} as full_history_sessions,
        {{ quality_columns(
            'scopes', 'included.positions_analyzed',
            'found.symbols_included > 0 and found.data_days < ' ~ var('full_history_share') * var('correlation_rules').window,
            'included.covered_market_value'
        ) }}
    from scopes
    left join correlation_statistics as found
        on scopes.portfolio_id = found.portfolio_id and scopes.as_of_date = found.as_of_date
    left join included
        on scopes.portfolio_id = included.portfolio_id and scopes.as_of_date = included.as_of_date
    left join unmeasured
        on scopes.portfolio_id = unmeasured.portfolio_id and scopes.as_of_date = unmeasured.as_of_date
),

final as (
    select
        portfolio_id,
        as_of_date,
        mean_correlation,
        diversification_score,
        effective_bets,
        cluster_count,
        symbols_included,
        symbols_excluded,
        symbols,
        is_repaired,
        min_eigenvalue,
        {{ var('correlation_rules').window }} as window_days,
        quality_flag,
        {{ quality_message(lacking='returns that vary') }} as quality_message,
        coverage_of_equity,
        positions_not_measured,
        cast(positions_analyzed as integer) as positions_analyzed,
        positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        data_days
    from flagged
)

select * from final
