-- GET /analytics/portfolio/{id}/correlation-matrix: correlations of the largest symbols by gross exposure, options
-- under their underlying. The average is over all pairs of the portfolio. No row: the portfolio is not this user's.
-- Null body: it begins after the session.
-- with portfolio_scope, portfolio_correlation, portfolio_quality
with pairs as materialized (
    select
        symbol_1,
        symbol_2,
        correlation
    from fct_correlation_pairs
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

members as (
    select symbol_1 as symbol from pairs
    union
    select symbol_2 as symbol from pairs
),

sizes as (
    select
        bucket as symbol,
        gross_exposure
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
),

ranked as (
    select
        members.symbol,
        row_number() over (order by sizes.gross_exposure desc nulls last, members.symbol) as size_rank
    from members
    left join sizes on members.symbol = sizes.symbol
),

shown as (
    select * from ranked
    where size_rank <= %(max_symbols)s
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
    union all
    select
        symbol as row_symbol,
        symbol as column_symbol,
        1 as correlation
    from members
),

matrix_rows as (
    select
        rows_shown.symbol,
        rows_shown.size_rank,
        json_object_agg(
            columns_shown.symbol, round(both_ways.correlation::numeric, 6)
            order by columns_shown.size_rank
        ) as body
    from both_ways
    inner join shown as rows_shown on both_ways.row_symbol = rows_shown.symbol
    inner join shown as columns_shown on both_ways.column_symbol = columns_shown.symbol
    group by rows_shown.symbol, rows_shown.size_rank
),

matrix as (
    select
        count(*) as row_count,
        coalesce(json_agg(symbol order by size_rank), '[]'::json) as symbols,
        json_object_agg(symbol, body order by size_rank) as body
    from matrix_rows
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', matrix.row_count > 1,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when matrix.row_count > 1 then snapshot.as_of_date end,
            'data', case
                when matrix.row_count > 1 then json_build_object(
                    'matrix', matrix.body,
                    'average_correlation', round(correlation.mean_correlation::numeric, 6)
                )
            end,
            'metadata', json_build_object(
                'symbols', matrix.symbols,
                'max_symbols', %(max_symbols)s::integer,
                'symbols_included', coalesce(correlation.symbols_included, 0),
                'symbols_excluded', coalesce(correlation.symbols_excluded, 0),
                'truncated', matrix.row_count < (select count(*) from members),
                'window_days', correlation.window_days,
                'is_repaired', correlation.is_repaired,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join matrix
left join correlation on true
