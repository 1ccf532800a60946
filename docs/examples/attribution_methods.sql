-- Attribution by sector since the inception as Brinson, Hood and Beebower, GRAP and the geometric method show it, from the
-- columns of fct_attribution_daily. psql: \set portfolio_id 51d2b6cc-... (select portfolio_id, portfolio_name from dim_portfolios)
-- Allocation and selection add up to the excess return but for what the benchmark earns beside its segments' proxies
-- (segment Benchmark residual), and for segments that are not known: segments_unknown counts them.
with days as (
    select
        as_of_date,
        snapshots.daily_return as portfolio_return,
        benchmarks.daily_return as benchmark_return,
        sum(segments.allocation) as allocation,
        sum(segments.selection) as selection,
        sum((segments.portfolio_weight - segments.benchmark_weight) * segments.benchmark_return) as bhb_allocation,
        -- a segment of less than a twentieth, net, has no believable return: its interaction stays in the selection
        coalesce(sum(
            segments.selection - segments.benchmark_weight / segments.portfolio_weight * segments.selection
        ) filter (where segments.portfolio_weight >= 0.05), 0) as bhb_interaction,
        count(*) filter (where segments.effect is null) as segments_unknown,
        -- what the portfolio would have earned with the benchmark's returns: the semi-notional fund
        sum(segments.portfolio_weight * segments.benchmark_return) as semi_notional_return
    from fct_attribution_daily as segments
    inner join fct_portfolio_snapshots as snapshots using (portfolio_id, as_of_date)
    inner join fct_benchmark_returns as benchmarks using (portfolio_id, as_of_date)
    where portfolio_id = :'portfolio_id' and segments.dimension = 'sector'
    group by as_of_date, snapshots.daily_return, benchmarks.daily_return
),

linked as (
    select
        *,
        -- GRAP: an effect earns the portfolio's return before its day, and the benchmark's after it
        coalesce(udf.product(1 + portfolio_return) over earlier, 1)
        * coalesce(udf.product(1 + benchmark_return) over later, 1) as grap
    from days
    window
        earlier as (order by as_of_date rows between unbounded preceding and 1 preceding),
        later as (order by as_of_date rows between 1 following and unbounded following)
)

select
    sum(grap * allocation) as grap_allocation,
    sum(grap * selection) as grap_selection,
    sum(grap * bhb_allocation) as bhb_allocation,
    sum(grap * (selection - bhb_interaction)) as bhb_selection,
    sum(grap * bhb_interaction) as bhb_interaction,
    udf.product((1 + semi_notional_return) / (1 + benchmark_return)) - 1 as geometric_allocation,
    udf.product((1 + portfolio_return) / (1 + semi_notional_return)) - 1 as geometric_selection,
    udf.product((1 + portfolio_return) / (1 + benchmark_return)) - 1 as geometric_excess,
    sum(segments_unknown) as segments_unknown
from linked;
