{{ config(
    materialized='mart',
    grain=['symbol', 'as_of_date'],
    indexes=[{'columns': ['as_of_date']}],
    computed={
        'adjusted_close':
            rounded_price('newest.close * cast(rows.total_return_index / newest.total_return_index as numeric)'),
    },
    computed_from=newest_close(),
) }}

with prices as (
    select * from {{ ref('stg_raw__prices') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

dividends as (
    select * from {{ ref('int_dividends') }}
),

spin_offs as (
    select * from {{ ref('int_spin_offs') }}
),

-- a first build has no earlier rows, and does not use it
dates as not materialized ( -- noqa: ST03
    select * from {{ ref('stg_ops__publication_dates') }}
    where superseded_at is null
),

in_window as (
    select
        prices.*,
        calendar.previous_trading_day
    from prices
    inner join calendar on prices.price_date = calendar.as_of_date
    where
        prices.price_date between {{ from_date() }} and {{ to_date() }}
        and calendar.is_trading_day
),

-- The last row of each symbol before the window, from which the index continues.
earlier as (
    {% if has_history() and not var('audit_schema') %}
        select last_rows.*
        from (
            select symbol from in_window
            group by symbol
        ) as symbols
        cross join lateral (
            select
                built.symbol,
                built.as_of_date,
                built.close,
                built.total_return_index
            from {{ this }} as built
            inner join dates
                on built.as_of_date = dates.as_of_date and built.publication_id = dates.publication_id
            where built.symbol = symbols.symbol and built.as_of_date < {{ from_date() }}
            order by built.as_of_date desc
            limit 1
        ) as last_rows
    {% else %}
        select
            cast(null as text) as symbol,
            cast(null as date) as as_of_date,
            cast(null as numeric) as close,
            cast(null as double precision) as total_return_index
        where false
    {% endif %}
),

linked as (
    select
        in_window.*,
        coalesce(lag(in_window.price_date) over by_date, earlier.as_of_date) as last_date,
        coalesce(lag(in_window.close) over by_date, earlier.close) as last_close,
        -- part of the first row's factor, so that every build rounds in the same order
        case when row_number() over by_date = 1 then coalesce(earlier.total_return_index, 1) else 1 end
            as index_before
    from in_window
    left join earlier on in_window.symbol = earlier.symbol
    window by_date as (partition by in_window.symbol order by in_window.price_date)
),

adjusted as (
    select
        linked.*,
        linked.last_date = linked.previous_trading_day as is_consecutive,
        coalesce(ex_day.split_ratio, 1) as split_ratio,
        coalesce(dividends.dividend, 0) as dividend,
        spin_offs.symbol is not null as has_spin_off,
        -- without a close of the new symbol the return is not known
        case
            when spin_offs.symbol is null then 0
            when spin_offs.first_session = linked.price_date then spin_offs.new_value
        end as spun_off_value,
        coalesce(now_split.cumulative_ratio, 1) / coalesce(last_split.cumulative_ratio, 1) as split_since_last,
        linked.previous_date = linked.last_date
        and abs(linked.previous_close - linked.last_close) <= 1e-6 * linked.last_close as is_vendor_pair
    from linked
    left join splits as ex_day
        on linked.symbol = ex_day.symbol and linked.price_date = ex_day.ex_session
    {{ join_split_period('splits', 'now_split', 'linked.symbol', 'linked.price_date') }}
    {{ join_split_period('splits', 'last_split', 'linked.symbol', 'linked.last_date') }}
    left join dividends
        on linked.symbol = dividends.symbol and linked.price_date = dividends.ex_session
    left join spin_offs
        on linked.symbol = spin_offs.symbol and linked.price_date = spin_offs.ex_session
),

-- The vendor's return is used if both of its closes equal the known ones; otherwise, and on the ex-date of a spin-off,
-- which vendors treat in different ways, the return is computed from closes. A fall that a double cannot tell from the
-- loss of everything is no return: the price was never zero.
returned as (
    select
        *,
        case
            when not is_consecutive then null
            when is_vendor_pair and total_return is not null and not has_spin_off then nullif(total_return, -1)
            else nullif(
                cast((close * split_ratio + dividend + spun_off_value) / last_close - 1 as double precision), -1
            )
        end as daily_return
    from adjusted
),

final as (
    select
        symbol,
        price_date as as_of_date,
        open,
        high,
        low,
        close,
        volume,
        daily_return,
        -- Returns never bridge a gap; the index behind adjusted closes has to, by price and splits only.
        udf.product(index_before * (
            1 + coalesce(
                daily_return, nullif(cast(close * split_since_last / last_close - 1 as double precision), -1), 0
            )
        )) over (partition by symbol order by price_date) as total_return_index,
        case
            when is_consecutive and split_ratio = 1 then last_close
            when is_consecutive then {{ rounded_price('last_close / split_ratio') }}
        end as previous_close,
        cast(split_ratio as numeric(38, 9)) as split_ratio,
        cast(dividend as numeric(38, 9)) as dividend,
        coalesce(
            is_consecutive
            and abs((close * split_ratio + coalesce(spun_off_value, 0)) / last_close - 1) > {{ var('suspect_move') }},
            false
        ) as is_suspect,
        source
    from returned
)

select * from final
