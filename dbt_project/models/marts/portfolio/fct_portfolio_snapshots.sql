{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date']) }}

-- Equity is rolled forward from the starting capital by P&L and capital flows, never from the value of positions.
with days as (
    select * from {{ ref('int_portfolio_days') }}
),

position_totals as (
    select * from {{ ref('int_portfolio_position_totals') }}
),

day_before as (
    {{ session_before_window({
        'portfolio_id': 'uuid',
        'as_of_date': 'date',
        'equity': 'numeric',
        'mtd_pnl': 'numeric',
        'ytd_pnl': 'numeric',
        'cumulative_pnl': 'numeric',
        'cumulative_realized_pnl': 'numeric',
        'cumulative_dividends': 'numeric',
        'unrealized_at_opening': 'numeric',
        'twr_index': 'double precision',
        'peak_twr_index': 'double precision',
        'is_chain_broken': 'boolean',
        'session_count': 'integer',
    }) }}
),

filled as (
    select
        days.portfolio_id,
        days.as_of_date,
        days.initial_equity,
        days.capital_flow,
        coalesce(totals.daily_pnl, 0) as daily_pnl,
        coalesce(totals.public_daily_pnl, 0) as public_daily_pnl,
        coalesce(totals.hypothetical_pnl, 0) as hypothetical_pnl,
        coalesce(totals.realized_pnl, 0) as realized_pnl,
        coalesce(totals.dividends, 0) as dividends,
        coalesce(totals.unrealized_at_opening, 0) as unrealized_at_opening,
        coalesce(totals.net_market_value, 0) as net_market_value,
        coalesce(totals.cash_and_equivalents, 0) as cash_and_equivalents,
        coalesce(totals.unrealized_pnl, 0) as unrealized_pnl,
        coalesce(totals.position_count, 0) as position_count,
        coalesce(totals.long_count, 0) as long_count,
        coalesce(totals.short_count, 0) as short_count,
        coalesce(totals.cash_count, 0) as cash_count,
        coalesce(totals.option_count, 0) as option_count,
        coalesce(totals.private_count, 0) as private_count,
        totals.public_price_coverage,
        coalesce(totals.has_simulated_prices, false) as has_simulated_prices
    from days
    left join position_totals as totals
        on days.portfolio_id = totals.portfolio_id and days.as_of_date = totals.as_of_date
),

rolled as (
    select
        filled.*,
        case
            when date_trunc('month', day_before.as_of_date) = date_trunc('month', filled.as_of_date)
                then day_before.mtd_pnl
            else 0
        end + sum(filled.daily_pnl) over this_month as mtd_pnl,
        case
            when date_trunc('year', day_before.as_of_date) = date_trunc('year', filled.as_of_date)
                then day_before.ytd_pnl
            else 0
        end + sum(filled.daily_pnl) over this_year as ytd_pnl,
        coalesce(day_before.cumulative_pnl, 0) + sum(filled.daily_pnl) over running as cumulative_pnl,
        coalesce(day_before.cumulative_realized_pnl, 0)
        + sum(filled.realized_pnl) over running as cumulative_realized_pnl,
        coalesce(day_before.cumulative_dividends, 0) + sum(filled.dividends) over running as cumulative_dividends,
        coalesce(day_before.unrealized_at_opening, 0)
        + sum(filled.unrealized_at_opening) over running as total_unrealized_at_opening,
        coalesce(day_before.equity, filled.initial_equity)
        + sum(filled.daily_pnl + filled.capital_flow) over running as equity,
        -- part of the first day's factor, so that every build rounds in the same order
        case when row_number() over running = 1 then coalesce(day_before.twr_index, 1) else 1 end as index_before,
        coalesce(day_before.peak_twr_index, 1) as peak_before,
        coalesce(day_before.is_chain_broken, false) as is_broken_before,
        coalesce(day_before.session_count, 0) + row_number() over running as session_count
    from filled
    left join day_before on filled.portfolio_id = day_before.portfolio_id
    window
        running as (partition by filled.portfolio_id order by filled.as_of_date),
        this_month as (
            partition by filled.portfolio_id, date_trunc('month', filled.as_of_date) order by filled.as_of_date
        ),
        this_year as (
            partition by filled.portfolio_id, date_trunc('year', filled.as_of_date) order by filled.as_of_date
        )
),

-- A return on capital that is not positive is undefined: it is null. The index is null from the first day on which
-- capital or equity is not positive: nothing is left to grow.
returned as (
    select
        *,
        case
            when equity - daily_pnl > 0 then cast(daily_pnl / (equity - daily_pnl) as double precision)
        end as daily_return
    from rolled
),

chained as (
    select
        *,
        is_broken_before or bool_or(daily_return is null or equity <= 0) over running as is_chain_broken,
        udf.product(index_before * (1 + daily_return)) over running as index_level
    from returned
    window running as (partition by portfolio_id order by as_of_date)
),

final as (
    select
        portfolio_id,
        as_of_date,
        cast(equity as numeric(38, 2)) as equity,
        cast(equity - net_market_value as numeric(38, 2)) as cash,
        cast(net_market_value as numeric(38, 2)) as net_market_value,
        cast(cash_and_equivalents as numeric(38, 2)) as cash_and_equivalents,
        cast(capital_flow as numeric(38, 2)) as capital_flow,
        cast(daily_pnl as numeric(38, 2)) as daily_pnl,
        daily_return,
        cast(public_daily_pnl as numeric(38, 2)) as public_daily_pnl,
        cast(hypothetical_pnl as numeric(38, 2)) as hypothetical_pnl,
        case when daily_return is null then 'capital_not_positive' end as daily_return_null_reason,
        cast(mtd_pnl as numeric(38, 2)) as mtd_pnl,
        cast(ytd_pnl as numeric(38, 2)) as ytd_pnl,
        cast(unrealized_pnl as numeric(38, 2)) as unrealized_pnl,
        cast(cumulative_pnl as numeric(38, 2)) as cumulative_pnl,
        cast(cumulative_realized_pnl as numeric(38, 2)) as cumulative_realized_pnl,
        cast(cumulative_dividends as numeric(38, 2)) as cumulative_dividends,
        cast(total_unrealized_at_opening as numeric(38, 2)) as unrealized_at_opening,
        case when not is_chain_broken then index_level end as twr_index,
        greatest(peak_before, max(index_level) over running) as peak_twr_index,
        is_chain_broken,
        case when is_chain_broken then 'return_chain_broken' end as twr_null_reason,
        case when not is_chain_broken then index_level / greatest(peak_before, max(index_level) over running) - 1 end
            as drawdown,
        position_count,
        long_count,
        short_count,
        cash_count,
        option_count,
        private_count,
        public_price_coverage,
        has_simulated_prices,
        cast(session_count as integer) as session_count
    from chained
    window running as (partition by portfolio_id order by as_of_date)
)

select * from final
