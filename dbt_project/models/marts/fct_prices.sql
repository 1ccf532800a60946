-- Adjusted closes are a view of today, not a stored fact: chained back from total returns so that a symbol's
-- newest visible adjusted close is its close.
with prices as (
    {{ published_facts(ref('pub_prices'), filtered=false, adjusted=true) }}
),

published as not materialized (
    select * from {{ ref('pub_prices') }}
),

publication_dates as not materialized (
    select * from {{ ref('stg_ops__publication_dates') }}
    where superseded_at is null
)

select
    {%- for column in model.columns.values() if column.name != 'adjusted_close' %}
    prices.{{ column.name }},
    {%- endfor %}
    cast(
        newest.close * cast(prices.total_return_index / newest.total_return_index as numeric) as numeric(38, 6)
    ) as adjusted_close
from prices
-- one look-up by index for each symbol
left join lateral (
    select
        published.close,
        published.total_return_index
    from published
    {% if not var('audit_schema') %}
        inner join publication_dates
            on
                published.as_of_date = publication_dates.as_of_date
                and published.publication_id = publication_dates.publication_id
    {% endif %}
    where published.symbol = prices.symbol
    order by published.as_of_date desc
    limit 1
) as newest on true
