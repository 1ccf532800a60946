-- GET /analytics/aggregate/correlation-matrix: correlations of the largest symbols over all portfolios, options
-- under their underlying. No mart holds pairs of which the legs are in two portfolios: all are computed from the
-- daily returns, over the window and with the minimum of the portfolios' own matrices. No row: a named portfolio
-- is not this user's.
-- with aggregate_scope, aggregate_quality
with correlation as (
    select *
    from fct_portfolio_correlation
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

analyzed as (
    select * from correlation
),

-- the last of as many sessions as the window has
sessions as (
    select as_of_date
    from dim_dates
    where is_trading_day and as_of_date <= %(as_of_date)s::date and as_of_date > %(as_of_date)s::date - 150
    order by as_of_date desc
    limit (select max(window_days) from correlation)
),

sizes as (
    select
        bucket as symbol,
        sum(gross_exposure) as gross_exposure
    from fct_exposures_by_group
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
    group by bucket
),

-- Private holdings and cash have no returns; nor has a symbol enough of them at first.
comparable as (
    select symbol
    from fct_prices
    where
        symbol = any(array(select symbol from sizes))
        and as_of_date >= (select min(as_of_date) from sessions)
        and as_of_date <= %(as_of_date)s::date
        and daily_return is not null
    group by symbol
    having count(*) >= %(minimum)s
),

candidates as (
    select
        sizes.symbol,
        sizes.gross_exposure,
        row_number() over (order by sizes.gross_exposure desc, sizes.symbol) as size_rank
    from sizes
    inner join comparable on sizes.symbol = comparable.symbol
    order by sizes.gross_exposure desc, sizes.symbol
    limit %(compared_symbols)s
),

shown as (
    select * from candidates
    where size_rank <= %(max_symbols)s
),

returns as materialized (
    select
        symbol,
        as_of_date,
        daily_return
    from fct_prices
    where
        symbol = any(array(select symbol from candidates))
        and as_of_date >= (select min(as_of_date) from sessions)
        and as_of_date <= %(as_of_date)s::date
        and daily_return is not null
),

pairs as (
    select
        first_leg.symbol as symbol_1,
        second_leg.symbol as symbol_2,
        least(greatest(corr(first_leg.daily_return, second_leg.daily_return), -1), 1) as correlation
    from returns as first_leg
    inner join returns as second_leg
        on first_leg.as_of_date = second_leg.as_of_date and first_leg.symbol < second_leg.symbol
    group by first_leg.symbol, second_leg.symbol
    having count(*) >= %(minimum)s and corr(first_leg.daily_return, second_leg.daily_return) is not null
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
        (select avg(correlation) from pairs) as average_correlation
    from matrix_rows
)

select
    json_build_object(
        'available', matrix.row_count > 1,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when matrix.row_count > 1 then %(as_of_date)s::date end,
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
            'symbols_excluded', (select count(*) from sizes) - (select count(*) from comparable),
            'truncated', (select count(*) from comparable) > matrix.row_count,
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
