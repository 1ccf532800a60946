{#-
  Rows of contracts, once for each portfolio that has a position in the contract on the date: a test whose rows name
  portfolios withholds these, and one whose rows name none stops the build of all.
-#}
{% macro with_holders(contracts) -%}
select * from (
    select
        {{ contracts }}.*,
        holders.portfolio_id
    from {{ contracts }}
    left join (
        select distinct
            contract,
            as_of_date,
            portfolio_id
        from {{ ref('int_option_days') }}
    ) as holders
        on {{ contracts }}.contract = holders.contract and {{ contracts }}.as_of_date = holders.as_of_date
) as held
{%- endmacro %}
