-- The data_quality of a response about several portfolios, from the CTE `analyzed`: one row per portfolio with
-- quality_flag, positions_analyzed and data_days.
with quality as (
    select
        case
            when count(*) filter (where quality_flag <> 'no_public_positions') = 0 then 'no_public_positions'
            when count(*) filter (where quality_flag in ('full_history', 'limited_history')) = 0 then 'no_factor_data'
            when bool_or(quality_flag = 'limited_history') then 'limited_history'
            else 'full_history'
        end as flag,
        count(*) filter (where quality_flag in ('full_history', 'limited_history')) as portfolios_analyzed,
        coalesce(sum(positions_analyzed), 0) as positions_analyzed,
        coalesce(min(data_days) filter (where positions_analyzed > 0), 0) as data_days
    from analyzed
),

coverage as (
    select
        concat_ws(
            ' ',
            concat(
                quality.portfolios_analyzed, ' of ', totals.portfolio_count, ' portfolios and ',
                quality.positions_analyzed, ' of ', totals.position_count, ' positions are covered.'
            ),
            totals.price_notice
        ) as message
    from quality
    cross join totals
),

data_quality as (
    select
        json_build_object(
            'flag', quality.flag,
            'message', coverage.message,
            'positions_analyzed', quality.positions_analyzed,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - quality.positions_analyzed,
            'data_days', quality.data_days
        ) as body
    from quality
    cross join coverage
    cross join totals
)

select *
from data_quality
