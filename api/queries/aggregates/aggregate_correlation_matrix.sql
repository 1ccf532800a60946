-- GET /analytics/aggregate/correlation-matrix: correlations of the largest symbols over all portfolios, options under
-- their underlying. No mart holds pairs across portfolios: all are computed from daily returns, with the window and the
-- minimum of the portfolios' own matrices. No row: a named portfolio is not this user's.
-- with aggregate_scope, aggregate_quality
with correlation as (
    select *
    from fct_portfolio_correlation
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

analyzed as (
    select * from correlation
),

symbols as materialized (
    select *
    from udf.portfolios_correlated_symbols(array(select portfolio_id from snapshots), %(as_of_date)s::date)
),

shown as (
    select * from symbols
    where size_rank <= least(%(max_symbols)s::integer, %(compared_symbols)s::integer)
),

pairs as materialized (
    select *
    from udf.portfolios_correlations(
        array(select portfolio_id from snapshots), %(as_of_date)s::date, %(compared_symbols)s::integer
    )
),

both_ways as (
    select
        symbol_1 as row_symbol,
        symbol_2 as column_symbol,
        correlation
    from pairs
    union all
    select
        symbol_2 as row_symbol,
        symbol_1 as column_symbol,
        correlation
    from pairs
    union
    select
        leg.symbol as row_symbol,
        leg.symbol as column_symbol,
        1 as correlation
    from pairs
    cross join lateral (values (pairs.symbol_1), (pairs.symbol_2)) as leg (symbol)
),

matrix_rows as (
    select
        rows_shown.symbol,
        rows_shown.gross_exposure,
        json_object_agg(
            columns_shown.symbol, round(both_ways.correlation::numeric, 6)
            order by columns_shown.gross_exposure desc, columns_shown.symbol
        ) as body
    from both_ways
    inner join shown as rows_shown on both_ways.row_symbol = rows_shown.symbol
    inner join shown as columns_shown on both_ways.column_symbol = columns_shown.symbol
    group by rows_shown.symbol, rows_shown.gross_exposure
),

matrix as (
    select
        count(*) as row_count,
        coalesce(json_agg(symbol order by gross_exposure desc, symbol), '[]'::json) as symbols,
        json_object_agg(symbol, body order by gross_exposure desc, symbol) as body,
        (select max(mean_correlation) from pairs) as average_correlation
    from matrix_rows
)

select
    json_build_object(
        'available', matrix.row_count > 1,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when matrix.row_count > 1 then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'symbols', case when matrix.row_count > 1 then matrix.symbols else '[]'::json end,
        'correlation_matrix', case when matrix.row_count > 1 then matrix.body end,
        'average_correlation', case when matrix.row_count > 1 then round(matrix.average_correlation::numeric, 6) end,
        'data', case
            when matrix.row_count > 1 then json_build_object(
                'matrix', matrix.body,
                'average_correlation', round(matrix.average_correlation::numeric, 6)
            )
        end,
        'metadata', json_build_object(
            'symbols', matrix.symbols,
            'max_symbols', %(max_symbols)s::integer,
            'symbols_included', matrix.row_count,
            'symbols_excluded', (select count(*) from symbols) - (select count(size_rank) from symbols),
            'truncated', (select count(size_rank) from symbols) > matrix.row_count,
            'window_days', (select max(window_days) from correlation),
            'is_repaired', false,
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', data_quality.body
    )::text as body
from totals
cross join matrix
cross join data_quality
