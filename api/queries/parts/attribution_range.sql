-- The range that is attributed, a period to the session or the days asked for, with its returns and data quality: one
-- row, without sessions if the portfolio is younger or the days are none.
with asked as (
    select
        period,
        from_date,
        as_of_date as to_date
    from fct_returns_by_period
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and period = %(period)s::text
        and num_nonnulls(%(from_date)s::date, %(to_date)s::date) = 0
    union all
    select
        'custom' as period,
        coalesce(%(from_date)s::date, date '-infinity') as from_date,
        least(%(to_date)s::date, %(as_of_date)s::date) as to_date
    where num_nonnulls(%(from_date)s::date, %(to_date)s::date) > 0
),

counts as (
    select
        position_count,
        private_count,
        equity,
        case when has_simulated_prices then %(simulated_notice)s::text end as price_notice
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

attribution_range as (
    select
        asked.period,
        returned.from_date,
        returned.to_date,
        coalesce(returned.sessions, 0) as sessions,
        returned.time_weighted,
        returned.benchmark_symbol,
        returned.benchmark,
        returned.excess,
        returned.time_weighted is not null as is_available,
        json_build_object(
            'flag', case
                when counts.position_count = counts.private_count then 'no_public_positions'
                else 'full_history'
            end,
            'message', concat_ws(
                ' ',
                case
                    when returned.sessions is null
                        then 'The portfolio has no session in the range, or is younger than it.'
                    when returned.time_weighted is null
                        then 'Capital or equity was not positive: there are no returns to attribute.'
                    else concat('All positions count with their P&L of ', returned.sessions, ' sessions.')
                end,
                counts.price_notice
            ),
            'positions_analyzed', counts.position_count,
            'positions_total', counts.position_count,
            'positions_skipped', 0,
            'data_days', coalesce(returned.sessions, 0),
            'coverage_of_equity', case when counts.equity > 0 then 1 end,
            'positions_not_measured', '[]'::json
        ) as quality
    from counts
    left join asked on true
    left join
        lateral udf.portfolio_returns(%(portfolio_id)s::uuid, asked.from_date, asked.to_date) as returned
        on asked.from_date is not null
)

select *
from attribution_range
