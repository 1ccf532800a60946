{#-
  What each lot is held as: the symbol of its entry, then what mergers make of it, each from a session on. A merger
  for cash is the end: symbol is null. ratio: shares of the symbol per share at the entry, without its own splits since
  then; strike_cut: USD per share at the entry; step_ratio, step_cash: of the merger alone, per share before it. cash and
  gain: what the merger pays and realizes, USD; cost_left: the cost that stays. In a contract the cash stays part of what
  is delivered, and lowers the strike. A spin-off is a step too, of the same symbol: new_symbol, new_shares per share at
  the entry, and the cost that they take; a contract delivers them from then on (is_adjusted).
  lots: a relation with position_id, pricing_symbol, is_option, quantity, since_date, exit_date, first_stated and cost.
-#}
{% macro lot_paths(lots, follows_spin_offs) -%}
with recursive lots as (
    select * from {{ lots }}
),

-- A lot that a statement from after a spin-off lists first has a cost and shares from after it. Materialized, because
-- the events are looked up for each lot, and the views behind them take long.
events as materialized (
    select
        symbol,
        ex_session as session,
        ex_date,
        new_symbol,
        ratio,
        cash,
        cost_share,
        1 as rank,
        cast(null as numeric) as spun_off
    from {{ ref('int_mergers') }}
    {%- if follows_spin_offs %}
    union all
    select
        symbol,
        first_session as session,
        ex_date,
        new_symbol,
        cast(1 as numeric) as ratio,
        cast(0 as numeric) as cash,
        cost_share,
        0 as rank,
        ratio as spun_off
    from {{ ref('int_spin_offs') }}
    where first_session is not null
    {%- endif %}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

paths as (
    select
        position_id,
        portfolio_id,
        is_option,
        quantity,
        exit_date,
        first_stated,
        1 as step,
        pricing_symbol as symbol,
        cast('-infinity' as date) as from_session,
        since_date,
        since_date as event_date,
        1 as event_rank,
        cast(1 as numeric) as ratio,
        cast(0 as numeric) as strike_cut,
        cast(1 as numeric) as step_ratio,
        cast(0 as numeric) as step_cash,
        cost as cost_left,
        cast(0 as numeric(38, 2)) as cash,
        cast(0 as numeric(38, 2)) as gain,
        cast(null as text) as new_symbol,
        cast(null as numeric) as new_shares,
        cast(0 as numeric(38, 2)) as new_cost,
        false as is_adjusted
    from lots
    union all
    select
        paths.position_id,
        paths.portfolio_id,
        paths.is_option,
        paths.quantity,
        paths.exit_date,
        paths.first_stated,
        paths.step + 1 as step,
        case when event.spun_off is null then event.new_symbol else paths.symbol end as symbol,
        event.session as from_session,
        -- the shares of a company that spins off go on, with all splits since the entry
        case when event.spun_off is null then event.ex_date else paths.since_date end as since_date,
        event.ex_date as event_date,
        event.rank as event_rank,
        case
            when event.spun_off is null then paths.ratio * event.splits_before * coalesce(event.ratio, 1)
            else paths.ratio
        end as ratio,
        case
            when event.spun_off is null
                then paths.strike_cut + paths.ratio * (event.cut_before + event.splits_before * event.cash)
            else paths.strike_cut
        end as strike_cut,
        coalesce(event.ratio, 1) as step_ratio,
        coalesce(event.cash, 0) as step_cash,
        cast(paths.cost_left - received.cost_taken as numeric(38, 2)) as cost_left,
        received.cash,
        cast(case when event.spun_off is null then received.cash - received.cost_taken else 0 end as numeric(38, 2))
            as gain,
        case when event.spun_off is not null then event.new_symbol end as new_symbol,
        paths.ratio * event.splits_before * event.spun_off as new_shares,
        cast(case when event.spun_off is null then 0 else received.cost_taken end as numeric(38, 2)) as new_cost,
        paths.is_adjusted or (paths.is_option and event.spun_off is not null) as is_adjusted
    from paths
    cross join
        lateral (
            select
                events.*,
                (
                    select coalesce(udf.product(splits.split_ratio), 1) from splits
                    where
                        splits.symbol = paths.symbol
                        and splits.ex_date > paths.since_date and splits.ex_date < events.ex_date
                ) as splits_before,
                -- in the shares of the path's begin
                (
                    select
                        coalesce(sum(
                            splits.strike_cut * splits.cumulative_ratio / splits.split_ratio / coalesce(since.ratio, 1)
                        ), 0)
                    from splits
                    left join lateral (
                        select max(earlier.cumulative_ratio) as ratio from splits as earlier
                        where
                            earlier.symbol = splits.symbol
                            and earlier.ex_date <= paths.since_date
                            and (earlier.next_ex_date > paths.since_date or earlier.next_ex_date is null)
                    ) as since on true
                    where
                        splits.symbol = paths.symbol
                        and splits.ex_date > paths.since_date and splits.ex_date < events.ex_date
                ) as cut_before
            from events
            where
                events.symbol = paths.symbol
                and (events.ex_date, events.rank) > (paths.event_date, paths.event_rank)
                and (
                    events.rank = 1
                    or (
                        coalesce(paths.exit_date, 'infinity') >= events.ex_date
                        and coalesce(paths.first_stated, '-infinity') < events.ex_date
                    )
                )
            order by events.ex_date, events.rank
            limit 1
        ) as event
    cross join
        lateral (
            select
                cast(case
                    when paths.is_option or event.ratio is null then 0
                    else paths.quantity * paths.ratio * event.splits_before * event.cash
                end as numeric(38, 2)) as cash
        ) as paid
    cross join lateral (
        select
            paid.cash,
            cast(case
                when event.spun_off is not null and paths.is_option then 0
                when paid.cash = 0 and event.spun_off is null then 0
                when event.cost_share is not null then paths.cost_left * event.cost_share
                -- else it takes as much of the cost as there is
                else sign(paid.cash) * least(abs(paid.cash), abs(paths.cost_left))
            end as numeric(38, 2)) as cost_taken
    ) as received
),

final as (
    select
        position_id,
        portfolio_id,
        step,
        symbol,
        from_session,
        -- on the session of a merger for cash the lot is settled under its old symbol
        case
            when lead(symbol) over by_step is null then 'infinity'
            else lead(from_session) over by_step
        end as before_session,
        since_date,
        trim_scale(ratio) as ratio,
        trim_scale(strike_cut) as strike_cut,
        step_ratio,
        step_cash,
        cost_left,
        cash,
        gain,
        event_date,
        new_symbol,
        trim_scale(new_shares) as new_shares,
        new_cost,
        is_adjusted
    from paths
    window by_step as (partition by position_id order by step)
)

select * from final
{%- endmacro %}
