{#-
  Joins to `rows` (see reader_views.sql) for columns that are computed when read and not stored. <published> is replaced
  by the schema of published tables, whose name is not known yet when a model's config is evaluated.
-#}


{#- A symbol's newest visible close, from which adjusted closes are chained back. One index look-up. -#}
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
