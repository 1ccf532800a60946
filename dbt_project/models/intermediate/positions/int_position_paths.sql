{{ config(
    materialized='build_table',
    indexes=[{'columns': ['position_id', 'step'], 'unique': true}],
) }}

-- What each lot is held as: the symbol of its entry, then what mergers make of it, each from a session on. A merger
-- for cash is the end: symbol is null. ratio: shares of the symbol per share at the entry, without its own splits since
-- then; strike_cut: USD per share at the entry; step_ratio, step_cash: of the merger alone, per share before it. cash
-- and gain: what the merger pays and realizes, USD; cost_left: the cost that stays. In a contract the cash stays part
-- of what is delivered, and lowers the strike.
with recursive lots as (
    select
        *,
        coalesce(underlying_symbol, symbol) as pricing_symbol,
        investment_class = 'OPTIONS' as is_option
    from {{ ref('stg_raw__positions') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

paths as (
    select
        position_id,
        is_option,
        quantity,
        entry_date,
        1 as step,
        pricing_symbol as symbol,
        cast('-infinity' as date) as from_session,
        entry_date as since_date,
        cast(1 as numeric) as ratio,
        cast(0 as numeric) as strike_cut,
        cast(1 as numeric) as step_ratio,
        cast(0 as numeric) as step_cash,
        cast(quantity * (case when is_option then 100 else 1 end) * entry_price as numeric(38, 2)) as cost_left,
        cast(0 as numeric(38, 2)) as cash,
        cast(0 as numeric(38, 2)) as gain
    from lots
    where investment_class <> 'PRIVATE'
    union all
    select
        paths.position_id,
        paths.is_option,
        paths.quantity,
        paths.entry_date,
        paths.step + 1 as step,
        merger.new_symbol as symbol,
        merger.ex_session as from_session,
        merger.ex_date as since_date,
        paths.ratio * merger.splits_before * coalesce(merger.ratio, 1) as ratio,
        paths.strike_cut + paths.ratio * (merger.cut_before + merger.splits_before * merger.cash) as strike_cut,
        coalesce(merger.ratio, 1) as step_ratio,
        merger.cash as step_cash,
        cast(paths.cost_left - received.cost_taken as numeric(38, 2)) as cost_left,
        received.cash,
        cast(received.cash - received.cost_taken as numeric(38, 2)) as gain
    from paths
    cross join
        lateral (
            select
                mergers.*,
                (
                    select coalesce(udf.product(splits.split_ratio), 1) from splits
                    where
                        splits.symbol = paths.symbol
                        and splits.ex_date > paths.since_date and splits.ex_date < mergers.ex_date
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
                        and splits.ex_date > paths.since_date and splits.ex_date < mergers.ex_date
                ) as cut_before
            from mergers
            where mergers.symbol = paths.symbol and mergers.ex_date > paths.since_date
            order by mergers.ex_date
            limit 1
        ) as merger
    cross join
        lateral (
            select
                cast(case
                    when paths.is_option or merger.ratio is null then 0
                    else paths.quantity * paths.ratio * merger.splits_before * merger.cash
                end as numeric(38, 2)) as cash
        ) as paid
    cross join lateral (
        select
            paid.cash,
            cast(case
                when paid.cash = 0 then 0
                when merger.cost_share is not null then paths.cost_left * merger.cost_share
                -- else it takes as much of the cost as there is
                else sign(paid.cash) * least(abs(paid.cash), abs(paths.cost_left))
            end as numeric(38, 2)) as cost_taken
    ) as received
),

final as (
    select
        position_id,
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
        gain
    from paths
    window by_step as (partition by position_id order by step)
)

select * from final
