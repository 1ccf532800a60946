"""Statements that an analyst would write; each is accepted and runs."""

ANALYTICAL: list[str] = [
    "select portfolio_name, initial_equity, inception_date from dim_portfolios order by portfolio_name",
    "select equity, cash, daily_pnl from fct_portfolio_snapshots order by as_of_date desc limit 1",
    # windows
    """
    select as_of_date, equity, equity - lag(equity) over (partition by portfolio_id
        order by as_of_date) as change
    from fct_portfolio_snapshots order by as_of_date desc limit 20
    """,
    """
    select as_of_date, avg(daily_return) over month as average, stddev_samp(daily_return)
        over month as deviation
    from fct_portfolio_snapshots
    window month as (order by as_of_date rows between 20 preceding and current row)
    order by as_of_date desc limit 5
    """,
    """
    select * from (
        select symbol, market_value, rank() over (order by abs(market_value) desc nulls last) as place
        from fct_position_values where as_of_date = (select max(as_of_date) from fct_position_values)
    ) as ranked where place <= 5
    """,
    """
    select as_of_date, sum(daily_pnl)
        over (order by as_of_date range between unbounded preceding and current row)
    from fct_portfolio_snapshots order by as_of_date limit 3
    """,
    "select ntile(4) over (order by close), first_value(close) over (order by close) from fct_prices limit 4",
    # aggregates
    """
    select percentile_cont(0.05) within group (order by daily_return) as var_95, count(*) as sessions
    from fct_portfolio_snapshots where daily_return is not null
    """,
    "select percentile_disc(array[0.25, 0.5, 0.75]) within group (order by close) from fct_prices",
    "select mode() within group (order by investment_class) from dim_positions",
    """
    select investment_class, position_type, sum(market_value) as market_value
    from fct_position_values where as_of_date = date '2025-09-12'
    group by grouping sets ((investment_class, position_type), (investment_class), ())
    order by grouping(investment_class, position_type), market_value desc nulls last
    """,
    "select investment_class, count(*) from dim_positions group by rollup (investment_class)",
    """
    select count(*) filter (where daily_pnl > 0) as up, count(*) filter (where daily_pnl < 0) as down,
        round(avg(daily_return)::numeric * 10000, 2) as average_bp
    from fct_portfolio_snapshots
    """,
    """
    select symbol, corr(p.daily_return, s.daily_return) as correlation, regr_slope(p.daily_return,
        s.daily_return)
    from fct_prices p join fct_portfolio_snapshots s using (as_of_date)
    group by symbol having count(*) > 60 order by correlation desc nulls last limit 5
    """,
    "select string_agg(distinct symbol, ', ' order by symbol) from dim_positions where exit_date is null",
    "select bool_and(close > 0), array_agg(distinct source order by source) from fct_prices",
    # joins and sub-selects
    """
    select d.symbol, v.market_value from dim_positions d
    left join fct_position_values v on v.position_id = d.position_id and v.as_of_date = '2025-09-12'
    where exists (select 1 from fct_prices p where p.symbol = d.symbol) order by 2 desc nulls last
    """,
    """
    select p.portfolio_name, last.equity from dim_portfolios p
    cross join lateral (
        select equity from fct_portfolio_snapshots s where s.portfolio_id = p.portfolio_id
        order by as_of_date desc limit 1
    ) as last
    """,
    """
    with last as (select max(as_of_date) as day from fct_portfolio_snapshots),
    held as materialized (
        select symbol, sum(market_value) as value from fct_position_values,
        last where as_of_date = day group by symbol
    )
    select symbol, value, value / nullif(sum(value) over (), 0) as weight from held
        order by abs(value) desc limit 10
    """,
    "select symbol from dim_positions except select symbol from fct_prices",
    "(select symbol from dim_positions limit 2) union all (select 'total') order by 1",
    """
    select symbol from dim_positions where symbol in (select symbol
    from fct_prices) and symbol not like 'A%'
    """,
    "select symbol from dim_positions where symbol = any(array['AAPL', 'MSFT']) or symbol ilike 'nv_a'",
    # dates
    """
    select date_trunc('month', as_of_date)::date as month, sum(daily_pnl) as pnl
    from fct_portfolio_snapshots where as_of_date >= date '2025-09-12' - interval '6 months'
    group by 1 order by 1
    """,
    """
    select extract(year from as_of_date) as year, extract(dow from as_of_date), to_char(as_of_date, 'YYYY-MM')
    from dim_dates where is_trading_day limit 3
    """,
    "select max(as_of_date) - min(as_of_date) as days, age(max(as_of_date), min(as_of_date)) from fct_prices",
    """
    select d::date, make_interval(days => 3)
    from generate_series('2025-01-01'::date, '2025-02-01', '1 week') as g(d)
    """,
    "select created_at at time zone 'America/New_York' from dim_portfolios",
    # texts, types, JSON
    """
    select regexp_replace(symbol, '[0-9]+', '#', 'g'), split_part(symbol, ' ', 1)
    from dim_positions limit 5
    """,
    """
    select substring(symbol from 1 for 2), position('A' in symbol), trim(both ' ' from symbol)
    from dim_positions
    """,
    "select symbol ~ '^[A-C]', upper(left(symbol, 1)) || lower(right(symbol, 1)) from dim_positions limit 5",
    """
    select case when quantity < 0 then 'short' when quantity > 0 then 'long' else null end
    from dim_positions
    """,
    """
    select cast(quantity as numeric(20, 2)), quantity::float8, quantity::text, null::date
    from dim_positions limit 2
    """,
    """
    select coalesce(exit_price, entry_price), greatest(1, 2, null), least(1, 2), nullif(1, 1)
    from dim_positions
    """,
    "select tag from dim_positions cross join lateral unnest(tags) as t(tag) limit 5",
    "select t.tag, t.place from dim_positions, unnest(tags) with ordinality as t(tag, place) limit 5",
    "select exists (select 1 from fct_portfolio_snapshots where daily_pnl is distinct from 0)",
    "select * from (values (1, 'a'), (2, 'b')) as pairs (number, letter)",
    """
    select sqrt(252) * stddev_samp(daily_return), exp(sum(ln(1 + daily_return))) - 1
    from fct_portfolio_snapshots
    """,
    # several portfolios, history, functions of ours
    "select * from udf.portfolios_overview(array(select portfolio_id from dim_portfolios), '2025-09-12')",
    """
    select o.equity, o.leverage
    from portfolios_overview((select array_agg(portfolio_id) from dim_portfolios), date '2025-09-12') as o
    """,
    "select udf.bs_price('CALL', 100, 95, 0.25, 0.04, 0.01, 0.2), norm_cdf(0), udf.product(1.01::numeric)",
    "select count(*), max(published_at) from marts_history.fct_portfolio_snapshots",
    "select count(*) from marts_at.fct_portfolio_snapshots",
    "select marts.fct_prices.close from marts.fct_prices where marts.fct_prices.symbol = 'AAPL' limit 1",
    # comments, quotes, unicode
    """
    /* the newest */ select "equity" as "Équité", marts.fct_portfolio_snapshots.cash, 'it''s -- not a comment'
    -- the end
    from marts.fct_portfolio_snapshots;
    """,
    "select e'a\\tb', $text$it's$text$, 1_000 + 0x10, 1e3",
    "table dim_portfolios",
]
