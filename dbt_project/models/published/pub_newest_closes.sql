{{ config(materialized='view_in_place') }}

-- The newest visible close of each symbol: where the chain of adjusted closes is anchored.
with prices as (
    select * from {{ ref('pub_prices') }}
),

publication_dates as (
    select * from {{ ref('stg_ops__publication_dates') }}
    where superseded_at is null
),

final as (
    select distinct on (prices.symbol)
        prices.symbol,
        prices.close,
        prices.total_return_index
    from prices
    {% if not var('audit_schema') %}
        inner join publication_dates
            on
                prices.as_of_date = publication_dates.as_of_date
                and prices.publication_id = publication_dates.publication_id
    {% endif %}
    order by prices.symbol asc, prices.as_of_date desc
)

select * from final
