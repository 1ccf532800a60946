-- The quality of a response about each open position, from the CTE `judged` (symbol, market_value, is_private, is_cash,
-- is_measured, is_limited, data_days): shares of gross market value and of equity, with cash as measured, and names of
-- what is not measured.
with sizes as (
    select
        symbol,
        sum(abs(market_value)) as gross_market_value
    from judged
    where not (is_measured or is_cash)
    group by symbol
),

unmeasured as (
    select
        trim_array(
            array_agg(symbol order by gross_market_value desc, symbol),
            greatest(count(*) - %(named_positions)s, 0)::integer
        ) as symbols,
        greatest(count(*) - %(named_positions)s, 0) as more,
        coalesce(sum(gross_market_value), 0) as gross_market_value
    from sizes
),

counted as (
    select
        count(*) filter (where is_measured) as positions_analyzed,
        count(*) filter (where not is_private) as public_positions,
        coalesce(bool_or(is_limited and is_measured), false) as is_limited,
        min(data_days) filter (where is_measured) as data_days,
        coalesce(sum(abs(market_value)), 0) as gross_market_value
    from judged
),

shares as (
    select
        counted.*,
        unmeasured.symbols as positions_not_measured,
        unmeasured.more,
        case
            when counted.positions_analyzed = 0 then 0
            else 1 - unmeasured.gross_market_value / nullif(counted.gross_market_value, 0)
        end as coverage_of_gross,
        case
            when not snapshot.equity > 0 then null
            when counted.positions_analyzed = 0 then 0
            else greatest(0, 1 - unmeasured.gross_market_value / snapshot.equity)
        end as coverage_of_equity
    from counted
    cross join unmeasured
    cross join snapshot
),

position_quality as (
    select
        *,
        case
            when public_positions = 0 then 'no_public_positions'
            when positions_analyzed = 0 then 'no_factor_data'
            when least(coverage_of_gross, coverage_of_equity) < %(full_coverage_share)s then 'partially_covered'
            when is_limited then 'limited_history'
            else 'full_history'
        end as quality_flag,
        concat_ws(
            ' ',
            concat(
                trim_scale(trunc(100 * coverage_of_gross, 1)) || ' %% of gross market value',
                ' and ' || trim_scale(trunc(100 * coverage_of_equity, 1)) || ' %% of equity', ' are covered.'
            ),
            nullif(
                concat(
                    'Not measured: ' || array_to_string(positions_not_measured, ', '),
                    case when more > 0 then ' and ' || more || ' more' end,
                    case when positions_not_measured is not null then '.' end
                ),
                ''
            )
        ) as coverage_message
    from shares
)

select *
from position_quality
