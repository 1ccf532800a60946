{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date']) }}

-- How much of a portfolio can be sold how fast, at what cost, and the value at risk while it is sold. Each position is
-- sold at its own pace, except for the value at risk: see unwound.
{%- set rules = var('liquidity_rules') %}
with snapshots as (
    select * from {{ ref('fct_portfolio_snapshots') }}
    where {{ is_being_built() }}
),

position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

position_liquidity as materialized (
    select * from {{ ref('fct_position_liquidity') }}
    where {{ is_being_built() }}
),

volumes as (
    select * from ({{ market_rows(ref('fct_symbol_liquidity')) }}) as visible
),

risk as (
    select * from {{ ref('fct_portfolio_risk') }}
    where {{ is_being_built() }}
),

positions as (
    select
        position_liquidity.*,
        cast(abs(position_values.market_value) as double precision) as value, -- noqa: RF04
        case when position_liquidity.liquidated_by = 'volume' then volumes.volume_days_20d end as data_days
    from position_liquidity
    inner join position_values
        on
            position_liquidity.position_id = position_values.position_id
            and position_liquidity.as_of_date = position_values.as_of_date
    left join volumes
        on position_liquidity.symbol = volumes.symbol and position_liquidity.as_of_date = volumes.as_of_date
),

summed as (
    select
        portfolio_id,
        as_of_date,
        {{ exact_sum('value') }} as gross_market_value,
        {%- for days in [1, 7, 30] %}
            {{ exact_sum('value * share_' ~ days ~ 'd') }} as value_{{ days }}d,
        {%- endfor %}
        {%- for bucket in ['highly_liquid', 'moderately_liquid', 'less_liquid', 'illiquid'] %}
            {{ exact_sum("case when bucket = '" ~ bucket ~ "' then value else 0 end") }} as value_{{ bucket }},
        {%- endfor %}
        {{ exact_sum('case when bucket is not null then value else 0 end') }} as known_value,
        {{ exact_sum('case when cost is not null then value else 0 end') }} as costed_value,
        {{ exact_sum('cost') }} as cost, -- noqa: RF04
        {{ exact_sum("case when null_reason is distinct from 'private' then value else 0 end") }} as public_value,
        {{ exact_sum('case when days_to_liquidate is not null then value else 0 end') }} as paced_value,
        max(days_to_liquidate) as days_to_liquidate_100,
        bool_or(coalesce(null_reason = 'not_traded', false)) as is_blocked,
        count(bucket) as positions_analyzed,
        count(*) filter (where null_reason is distinct from 'private') as public_positions,
        min(data_days) as data_days
    from positions
    group by portfolio_id, as_of_date
),

{{ days_to_sell('positions', 'portfolio_id, as_of_date') }},

unknown_symbols as (
    select
        portfolio_id,
        as_of_date,
        symbol,
        sum(value order by position_id) as value -- noqa: RF04
    from positions
    where bucket is null
    group by portfolio_id, as_of_date, symbol
),

unmeasured as (
    select
        portfolio_id,
        as_of_date,
        count(*) as unmeasured_symbols,
        (array_agg(symbol order by value desc, symbol asc))[:{{ var('named_positions') }}] as positions_not_measured
    from unknown_symbols
    group by portfolio_id, as_of_date
),

-- The book is sold in equal slices, in whole sessions and as slowly as its slowest position: its composition and so its
-- value at risk per dollar stay the same, and the variances of the sessions add up. The pace of a minority, such as its
-- cash, is not that of the book.
unwound as (
    select
        portfolio_id,
        as_of_date,
        greatest(1, ceil(days_to_liquidate_100)) as slices,
        -- more sessions than an integer holds are millions of years
        cast(least(greatest(1, ceil(days_to_liquidate_100)), 2147483647) as integer) as unwinding_days
    from summed
    where
        not is_blocked and days_to_liquidate_100 is not null
        and paced_value >= {{ rules.known_share }} * public_value
),

joined as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        cast(snapshots.equity as double precision) as equity,
        snapshots.position_count as positions_total,
        summed.gross_market_value,
        summed.cost,
        summed.costed_value,
        summed.days_to_liquidate_100,
        coalesce(summed.is_blocked, false) as is_blocked,
        coalesce(summed.positions_analyzed, 0) as positions_analyzed,
        summed.public_positions,
        summed.data_days,
        summed.known_value / nullif(summed.gross_market_value, 0) as coverage,
        case
            when not snapshots.equity > 0 then null
            when summed.gross_market_value > 0 and summed.known_value = 0 then 0
            else greatest(
                0,
                1 - (coalesce(summed.gross_market_value, 0) - coalesce(summed.known_value, 0))
                / cast(snapshots.equity as double precision)
            )
        end as coverage_of_equity,
        {%- for name in ['1d', '7d', '30d', 'highly_liquid', 'moderately_liquid', 'less_liquid', 'illiquid'] %}
            case when summed.known_value > 0 then summed.value_{{ name }} / summed.gross_market_value end
                as share_{{ name }},
        {%- endfor %}
        reached.days_to_liquidate_95,
        unwound.unwinding_days,
        sqrt((unwound.slices + 1) * (2 * unwound.slices + 1) / (6 * unwound.slices)) as unwinding_multiplier,
        risk.var_95_1d,
        risk.var_99_1d,
        unmeasured.unmeasured_symbols,
        unmeasured.positions_not_measured
    from snapshots
    left join summed
        on snapshots.portfolio_id = summed.portfolio_id and snapshots.as_of_date = summed.as_of_date
    left join unwound
        on snapshots.portfolio_id = unwound.portfolio_id and snapshots.as_of_date = unwound.as_of_date
    left join reached
        on snapshots.portfolio_id = reached.portfolio_id and snapshots.as_of_date = reached.as_of_date
    left join risk
        on snapshots.portfolio_id = risk.portfolio_id and snapshots.as_of_date = risk.as_of_date
    left join unmeasured
        on snapshots.portfolio_id = unmeasured.portfolio_id and snapshots.as_of_date = unmeasured.as_of_date
),

flagged as (
    select
        *,
        case
            when coalesce(public_positions, 0) = 0 then 'no_public_positions'
            when coverage = 0 or positions_analyzed = 0 then 'no_factor_data'
            when least(coverage, coverage_of_equity) < {{ var('full_coverage_share') }} then 'partially_covered'
            when data_days < {{ var('full_history_share') * rules.short_window }} then 'limited_history'
            else 'full_history'
        end as quality_flag
    from joined
),

final as (
    select
        portfolio_id,
        as_of_date,
        gross_market_value,
        cast({{ rules.participation }} as double precision) as participation,
        share_1d,
        share_7d,
        share_30d,
        share_highly_liquid,
        share_moderately_liquid,
        share_less_liquid,
        share_illiquid,
        days_to_liquidate_95,
        days_to_liquidate_100,
        cost,
        case when equity > 0 then cost / equity end as cost_pct_equity,
        costed_value / nullif(gross_market_value, 0) as cost_coverage,
        unwinding_days,
        unwinding_multiplier,
        var_95_1d * unwinding_multiplier as liquidity_adjusted_var,
        var_99_1d * unwinding_multiplier as liquidity_adjusted_var_99,
        case
            when var_95_1d is null then 'no_value_at_risk'
            when is_blocked then 'not_traded'
            when unwinding_days is null then 'no_volume'
        end as liquidity_adjusted_var_null_reason,
        case when equity <= 0 then 'equity_not_positive' end as ratio_null_reason,
        coverage,
        quality_flag,
        concat_ws(
            ' ',
            case
                when quality_flag = 'no_public_positions'
                    then 'No public positions: nothing that is held has a market.'
                when quality_flag = 'no_factor_data' then 'No position has a known volume.'
                when quality_flag = 'limited_history'
                    then 'The volume of some positions is known for fewer than {{ rules.short_window }} sessions.'
                when quality_flag = 'full_history' and positions_not_measured is null
                    then 'The liquidity of every position is known.'
                else concat(
                    'The liquidity of ',
                    concat_ws(
                        ' and ',
                        {{ percent('coverage') }} || ' of gross market value',
                        {{ percent('coverage_of_equity') }} || ' of equity'
                    ),
                    ' is known.'
                )
            end,
            'Not measured: ' || array_to_string(positions_not_measured, ', ')
            || case
                when unmeasured_symbols > cardinality(positions_not_measured)
                    then concat(' and ', unmeasured_symbols - cardinality(positions_not_measured), ' more')
                else ''
            end || '.'
        ) as quality_message,
        coverage_of_equity,
        positions_not_measured,
        cast(positions_analyzed as integer) as positions_analyzed,
        positions_total,
        cast(positions_total - positions_analyzed as integer) as positions_skipped,
        cast(coalesce(data_days, 0) as integer) as data_days
    from flagged
)

select * from final
