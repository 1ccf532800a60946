{#-
  Records what this build changes in rows that readers see: one row per changed column of the mart, unless the change is
  smaller than the build's thresholds, and the count of all changes of a column, these included. Statistics that agree
  to a relative 1e-9 count as equal. Rows that are new on a published date (a new portfolio) change nothing that was
  reported and are not counted; a row that is gone has the column name '*'.

  config of the mart: restated_as (the mart that shows the rows, if it is another one), not_restated (columns that are
  not compared), restated_when (condition on the compared rows), is_packed (true: pairs in arrays, compared one by one;
  restated_key is their key), is_restated (false: its rows follow from those of other marts).
-#}
{% macro restate(relation, columns) -%}
{%- if is_dated() and config.get('is_restated', true) and not var('audit_schema') -%}
{%- set mart = config.get('restated_as', model.name) -%}
{%- for table in ['restatements', 'restatement_counts'] %}
delete from ops.{{ table }}
where mart = '{{ mart }}' and publication_id > (select coalesce(max(publications.publication_id), 0) from ops.publications);
{%- endfor %}
with changes as materialized (
{%- if config.get('is_packed', false) %}
{#- correlations depend on prices only: they do not change on dates that are rebuilt for single portfolios #}
{%- set dates = 'as_of_date between ' ~ from_date() ~ ' and ' ~ to_date() %}
{{ restated_columns('(' ~ unpacked_pairs(relation, dates) ~ ')', config.require('restated_columns'), mart) }}
{%- else %}
{{ restated_columns(relation, columns, mart) }}
{%- endif %}
),

listed as (
    insert into ops.restatements
        (publication_id, as_of_date, mart, key, portfolio_id, column_name, old_value, new_value)
    select {{ publication_id() }}, as_of_date, '{{ mart }}', key, portfolio_id, column_name, old_value, new_value
    from changes
    where is_listed
)

insert into ops.restatement_counts
    (publication_id, mart, column_name, portfolio_id, from_date, to_date, change_count, listed_count, largest_change)
select
    {{ publication_id() }},
    '{{ mart }}',
    column_name,
    portfolio_id,
    min(as_of_date),
    max(as_of_date),
    count(*),
    count(*) filter (where is_listed),
    max(change)
from changes
group by column_name, portfolio_id;
{%- endif -%}
{%- endmacro %}


{% macro restated_columns(relation, columns, mart) -%}
{%- set key = config.get('restated_key', config.require('grain')) | reject('equalto', 'as_of_date') | list -%}
{%- set types = restated_types(mart, columns, key) -%}
select
    before.as_of_date,
    concat_ws(' ', {% for name in key %}before.{{ name }}{{ ', ' if not loop.last }}{% endfor %}) as key,
    {{ 'before.portfolio_id' if is_of_portfolios() else 'cast(null as uuid)' }} as portfolio_id,
    compared.column_name,
    compared.old_value,
    compared.new_value,
    compared.change,
    coalesce(compared.change >= compared.least_change, true) as is_listed
from (
    {{ restated_rows(relation, key) }}
) as before
left join (
    select * from {{ relation }} as built
    where {{ is_being_built('built') }}
) as after
    on
        before.as_of_date = after.as_of_date
        {%- for name in key %}
        and before.{{ name }} = after.{{ name }}
        {%- endfor %}
cross join lateral (
    values
    (
        '*', 'present', cast(null as text), {{ is_gone() }},
        cast(null as double precision), cast(null as double precision)
    )
    {%- for name, type in types.items() %},
    (
        '{{ name }}', cast(before.{{ name }} as text), cast(after.{{ name }} as text),
        after.publication_id is not null and {{ is_changed(name, type) }},
        {{ change_and_least(name, type, mart) }}
    )
    {%- endfor %}
) as compared (column_name, old_value, new_value, is_changed, change, least_change)
where
    compared.is_changed
    -- most rows are unchanged: do not cast their columns to text
    and (
        after.publication_id is null
        {%- if config.get('versioned', false) %}
        or after.is_removed
        {%- endif %}
        {%- for name, type in types.items() %}
        or {{ is_changed(name, type) }}
        {%- endfor %}
    )
    {%- if config.get('restated_when') %}
    and {{ config.get('restated_when') }}
    {%- endif %}
{%- endmacro %}


{% macro is_changed(name, type) -%}
{%- if type == 'double precision' -%}
coalesce(
            abs(after.{{ name }} - before.{{ name }}) > 1e-9 * greatest(abs(after.{{ name }}), abs(before.{{ name }})),
            after.{{ name }} is distinct from before.{{ name }}
        )
{%- else -%}
after.{{ name }} is distinct from before.{{ name }}
{%- endif -%}
{%- endmacro %}


{#-
  The absolute change of a number, and the least change that is listed: an amount in USD, for other figures a share of
  the larger value. Null for values that are no numbers.
-#}
{% macro change_and_least(name, type, mart) -%}
{%- if type in ['double precision', 'integer', 'bigint'] or type.startswith('numeric') -%}
cast(abs(after.{{ name }} - before.{{ name }}) as double precision),
        {%- if graph.nodes['model.sigmasight.' ~ mart].columns[name].config.meta.unit == 'USD' %}
        (select ops.build_restated_usd())
        {%- else %}
        (select ops.build_restated_share())
        * cast(greatest(abs(after.{{ name }}), abs(before.{{ name }})) as double precision)
        {%- endif -%}
{%- else -%}
cast(null as double precision), cast(null as double precision)
{%- endif -%}
{%- endmacro %}


{#- The compared columns with their types: those of the mart's yml that the table stores. -#}
{% macro restated_types(mart, columns, key) -%}
    {%- set found = {} -%}
    {%- for name, column in graph.nodes['model.sigmasight.' ~ mart].columns.items()
        if name in columns and name not in key + config.get('not_restated', []) + ['as_of_date'] -%}
        {%- do found.update({name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Whether the row is gone. Builds of a versioned mart mark removed rows and do not repeat unchanged ones. -#}
{% macro is_gone() -%}
{%- if config.get('versioned', false) -%} coalesce(after.is_removed, false)
{%- elif not config.get('readers', true) and not is_of_portfolios() -%} after.publication_id is null and before.as_of_date >= {{ from_date() }}
{%- else -%} after.publication_id is null
{%- endif -%}
{%- endmacro %}


{#- The rows that readers see until this build is published. -#}
{% macro restated_rows(relation, key) -%}
{%- if config.get('versioned', false) -%}
select * from (
    select distinct on (as_of_date, {{ key | join(', ') }}) *
    from {{ relation }}
    where
        as_of_date between {{ first_date() }} and {{ to_date() }}
        and publication_id in (select publications.publication_id from ops.publications)
    order by as_of_date, {{ key | join(', ') }}, publication_id desc
) as newest
where not is_removed
{%- elif is_of_portfolios() -%}
select published.* from {{ relation }} as published
inner join ops.portfolio_dates as dates
    on
        published.portfolio_id = dates.portfolio_id
        and published.as_of_date = dates.as_of_date
        and published.publication_id = dates.publication_id
left join ops.build_portfolios as listed
    on listed.publication_id = {{ publication_id() }} and dates.portfolio_id = listed.portfolio_id
where
    dates.superseded_at is null
    and dates.as_of_date between {{ first_date() }} and {{ to_date() }}
    and dates.as_of_date >= least({{ from_date() }}, listed.from_date)
    and {{ is_not_excluded('dates') }}
    -- repeated on the rows, so that the planner does not read the whole table for a few dates
    and published.as_of_date between {{ first_date() }} and {{ to_date() }}
{%- elif not config.get('readers', true) -%}
-- inputs of other marts are published with the portfolios that need them: any of their publications counts
select distinct on (published.as_of_date, {% for name in key %}published.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
    published.*
from {{ relation }} as published
inner join (
    select as_of_date, publication_id from ops.publication_dates
    where superseded_at is null and as_of_date between {{ first_date() }} and {{ to_date() }}
    union
    select as_of_date, publication_id from ops.portfolio_dates
    where superseded_at is null and as_of_date between {{ first_date() }} and {{ to_date() }}
) as dates
    on published.as_of_date = dates.as_of_date and published.publication_id = dates.publication_id
where published.as_of_date between {{ first_date() }} and {{ to_date() }}
order by
    published.as_of_date,
    {%- for name in key %}
    published.{{ name }},
    {%- endfor %}
    published.publication_id desc
{%- else -%}
select published.* from {{ relation }} as published
inner join ops.publication_dates as dates
    on published.as_of_date = dates.as_of_date and published.publication_id = dates.publication_id
where
    dates.superseded_at is null
    and dates.as_of_date between {{ from_date() }} and {{ to_date() }}
    and published.as_of_date between {{ from_date() }} and {{ to_date() }}
{%- endif -%}
{%- endmacro %}
