{#-
  Joins to `rows` (see reader_views.sql) for columns that are a view of today and no stored fact. <published> stands for
  the schema of published tables: what it is called is not known yet where a model says its config.
-#}


{#- A symbol's newest visible close: adjusted closes are chained back from it by total returns. One look-up by index. -#}
{% macro newest_close() -%}
left join lateral (
    select
        published.close,
        published.total_return_index
    from <published>.fct_prices as published
    {%- if not var('audit_schema') %}
    inner join ops.publication_dates as published_dates
        on
            published.as_of_date = published_dates.as_of_date
            and published.publication_id = published_dates.publication_id
            and published_dates.superseded_at is null
    {%- endif %}
    where published.symbol = rows.symbol
    order by published.as_of_date desc
    limit 1
) as newest on true
{%- endmacro %}
