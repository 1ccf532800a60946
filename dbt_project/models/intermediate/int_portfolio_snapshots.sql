{{ config(
    materialized='fact',
    indexes=[{'columns': ['portfolio_id', 'as_of_date'], 'unique': true}, {'columns': ['as_of_date']}],
) }}

-- Equity rolls forward from the starting capital by P&L and capital flows, never from the value of positions.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

capital_flows as (
    select * from {{ ref('stg_raw__capital_flows') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

position_totals as (
    select * from {{ ref('int_portfolio_position_totals') }}
),

-- A portfolio begins at its inception, or at an entry that is dated before it.
starts as (
    select
        portfolios.portfolio_id,
        cast(portfolios.initial_equity as numeric(38, 2)) as initial_equity,
        least(inception.session_on_or_after, min(positions.first_session)) as first_session
    from portfolios
    inner join calendar as inception on portfolios.inception_date = inception.as_of_date
    left join positions on portfolios.portfolio_id = positions.portfolio_id
    group by portfolios.portfolio_id, portfolios.initial_equity, inception.session_on_or_after
),

flows as (
    select
        capital_flows.portfolio_id,
        calendar.session_on_or_after as as_of_date,
        cast(sum(capital_flows.amount) as numeric(38, 2)) as capital_flow
    from capital_flows
    inner join calendar on capital_flows.flow_date = calendar.as_of_date
    group by capital_flows.portfolio_id, calendar.session_on_or_after
),

day_before as (
    {% if has_history() %}
        select
            portfolio_id,
            equity,
            cumulative_pnl,
            cumulative_realized_pnl,
            cumulative_dividends,
            twr_index,
            peak_twr_index,
            is_chain_broken
        from {{ this }}
        where as_of_date = (
            select max(calendar.as_of_date)
            from calendar
            where calendar.is_trading_day and calendar.as_of_date < {{ from_date() }}
        )
    {% else %}
        select
            cast(null as uuid) as portfolio_id,
            cast(null as numeric) as equity,
            cast(null as numeric) as cumulative_pnl,
            cast(null as numeric) as cumulative_realized_pnl,
            cast(null as numeric) as cumulative_dividends,
            cast(null as double precision) as twr_index,
            cast(null as double precision) as peak_twr_index,
            cast(null as boolean) as is_chain_broken
        where false
    {% endif %}
),

days as (
    select
        starts.portfolio_id,
        starts.initial_equity,
        calendar.as_of_date
    from starts
    inner join calendar
        on
            calendar.is_trading_day
            and starts.first_session <= calendar.as_of_date
            and calendar.as_of_date between {{ from_date() }} and {{ to_date() }}
),

rolled as (
    select
        days.portfolio_id,
        days.as_of_date,
        coalesce(flows.capital_flow, 0) as capital_flow,
        coalesce(totals.daily_pnl, 0) as daily_pnl,
        coalesce(totals.net_market_value, 0) as net_market_value,
        coalesce(totals.unrealized_pnl, 0) as unrealized_pnl,
        coalesce(day_before.cumulative_pnl, 0) + sum(coalesce(totals.daily_pnl, 0)) over running as cumulative_pnl,
        coalesce(day_before.cumulative_realized_pnl, 0)
        + sum(coalesce(totals.realized_pnl, 0)) over running as cumulative_realized_pnl,
        coalesce(day_before.cumulative_dividends, 0)
        + sum(coalesce(totals.dividends, 0)) over running as cumulative_dividends,
        coalesce(day_before.equity, days.initial_equity)
        + sum(coalesce(totals.daily_pnl, 0) + coalesce(flows.capital_flow, 0)) over running as equity,
        coalesce(day_before.twr_index, 1) as twr_before,
        coalesce(day_before.peak_twr_index, 1) as peak_before,
        coalesce(day_before.is_chain_broken, false) as is_broken_before,
        coalesce(totals.position_count, 0) as position_count,
        coalesce(totals.long_count, 0) as long_count,
        coalesce(totals.short_count, 0) as short_count,
        coalesce(totals.option_count, 0) as option_count,
        coalesce(totals.private_count, 0) as private_count,
        totals.public_price_coverage,
        coalesce(totals.has_simulated_prices, false) as has_simulated_prices
    from days
    left join position_totals as totals
        on days.portfolio_id = totals.portfolio_id and days.as_of_date = totals.as_of_date
    left join flows on days.portfolio_id = flows.portfolio_id and days.as_of_date = flows.as_of_date
    left join day_before on days.portfolio_id = day_before.portfolio_id
    window running as (partition by days.portfolio_id order by days.as_of_date)
),

-- A return on capital that is not positive means nothing: it is null, and so is the index from there on.
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
        is_broken_before or bool_or(daily_return is null) over running as is_chain_broken,
        twr_before * udf.product(1 + daily_return) over running as index_level
    from returned
    window running as (partition by portfolio_id order by as_of_date)
),

peaked as (
    select
        *,
        case when not is_chain_broken then index_level end as twr_index,
        greatest(peak_before, max(index_level) over (partition by portfolio_id order by as_of_date))
            as peak_twr_index
    from chained
),

final as (
    select
        portfolio_id,
        as_of_date,
        cast(equity as numeric(38, 2)) as equity,
        cast(equity - net_market_value as numeric(38, 2)) as cash,
        cast(net_market_value as numeric(38, 2)) as net_market_value,
        cast(capital_flow as numeric(38, 2)) as capital_flow,
        cast(daily_pnl as numeric(38, 2)) as daily_pnl,
        daily_return,
        case when daily_return is null then 'capital_not_positive' end as daily_return_null_reason,
        cast(unrealized_pnl as numeric(38, 2)) as unrealized_pnl,
        cast(cumulative_pnl as numeric(38, 2)) as cumulative_pnl,
        cast(cumulative_realized_pnl as numeric(38, 2)) as cumulative_realized_pnl,
        cast(cumulative_dividends as numeric(38, 2)) as cumulative_dividends,
        twr_index,
        peak_twr_index,
        is_chain_broken,
        twr_index / peak_twr_index - 1 as drawdown,
        position_count,
        long_count,
        short_count,
        option_count,
        private_count,
        public_price_coverage,
        has_simulated_prices
    from peaked
)

select * from final
