{{ config(schema='marts_history', alias='fct_prices') }}

-- Adjusted closes are a view of today, not a stored fact: chained back from total returns so that a symbol's
-- newest visible adjusted close is its close.
with prices as not materialized (
    {{ published_facts(ref('pub_prices'), filtered=false, history=true, adjusted=true) }}
),

newest_closes as (
    select * from {{ ref('pub_newest_closes') }}
)

select
    {%- for column in model.columns.values() if column.name != 'adjusted_close' %}
        prices.{{ column.name }},
    {%- endfor %}
    cast(
        newest_closes.close * cast(prices.total_return_index / newest_closes.total_return_index as numeric)
        as numeric(38, 6)
    ) as adjusted_close
from prices
left join newest_closes on prices.symbol = newest_closes.symbol
