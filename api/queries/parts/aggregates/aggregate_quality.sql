-- The data_quality of a response about several portfolios, from the CTE `analyzed`: one row per portfolio with
-- portfolio_id, quality_flag, positions_analyzed, data_days, coverage_of_equity and positions_not_measured. A portfolio
-- that is not in it is not measured; the share of equity is that of all portfolios with positive equity.
with measured as (
    select
        snapshots.equity,
        analyzed.coverage_of_equity,
        coalesce(analyzed.quality_flag not in ('no_public_positions', 'no_factor_data'), false) as is_analyzed,
        coalesce(analyzed.quality_flag, 'no_factor_data') as quality_flag,
        coalesce(analyzed.positions_analyzed, 0) as positions_analyzed,
        analyzed.data_days,
        analyzed.positions_not_measured
    from snapshots
    left join analyzed on snapshots.portfolio_id = analyzed.portfolio_id
),

unmeasured as (
    select
        named.symbol,
        min(named.size_rank) as size_rank
    from measured
    cross join lateral unnest(measured.positions_not_measured) with ordinality as named (symbol, size_rank)
    group by named.symbol
    order by min(named.size_rank), named.symbol
    limit %(named_positions)s
),

counted as (
    select
        count(*) filter (where is_analyzed) as portfolios_analyzed,
        count(*) filter (where quality_flag <> 'no_public_positions') as public_portfolios,
        coalesce(bool_or(quality_flag = 'partially_covered' and equity <= 0), false) as is_partial,
        coalesce(bool_or(quality_flag = 'limited_history'), false) as is_limited,
        coalesce(sum(positions_analyzed), 0) as positions_analyzed,
        coalesce(min(data_days) filter (where positions_analyzed > 0), 0) as data_days,
        sum(equity * coalesce(coverage_of_equity, 0)::numeric) filter (where equity > 0)
        / sum(equity) filter (where equity > 0) as coverage_of_equity
    from measured
),

quality as (
    select
        counted.*,
        case
            when counted.public_portfolios = 0 then 'no_public_positions'
            when counted.portfolios_analyzed = 0 then 'no_factor_data'
            when counted.coverage_of_equity < %(full_coverage_share)s or counted.is_partial then 'partially_covered'
            when counted.is_limited then 'limited_history'
            else 'full_history'
        end as flag
    from counted
),

named as (
    select
        coalesce(json_agg(symbol order by size_rank, symbol), '[]'::json) as positions_not_measured,
        string_agg(symbol, ', ' order by size_rank, symbol) as symbols
    from unmeasured
),

coverage as (
    select
        concat_ws(
            ' ',
            concat(
                quality.portfolios_analyzed, ' of ', totals.portfolio_count, ' portfolios and ',
                quality.positions_analyzed, ' of ', totals.position_count, ' positions are covered',
                ', ' || trim_scale(trunc(100 * quality.coverage_of_equity, 1)) || ' %% of equity', '.'
            ),
            'Not measured, among others: ' || named.symbols || '.',
            totals.price_notice
        ) as message
    from quality
    cross join totals
    cross join named
),

data_quality as (
    select
        json_build_object(
            'flag', quality.flag,
            'message', coverage.message,
            'positions_analyzed', quality.positions_analyzed,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - quality.positions_analyzed,
            'data_days', quality.data_days,
            'coverage_of_equity', round(quality.coverage_of_equity, 6),
            'positions_not_measured', named.positions_not_measured
        ) as body
    from quality
    cross join coverage
    cross join totals
    cross join named
)

select *
from data_quality
