{#- Rows of a fact on the dates being built: what a published model copies. -#}
{% macro built_rows(relation) -%}
select * from {{ relation }}
where as_of_date between {{ from_date() }} and {{ to_date() }}
{%- endmacro %}


{#-
  Rows of a table without dates that differ from what is published of their key, and a mark of removal for
  keys that are gone: each publication adds only what it changed. only: a condition on the rows that readers see.
-#}
{% macro changed_rows(relation, key, only=none) -%}
{%- set publications = ref('stg_ops__publications') -%}
with built as (
    select * from {{ relation }}
    {%- if only %}
    where {{ only }}
    {%- endif %}
)
{%- if has_history() %}
{%- set known = adapter.get_columns_in_relation(this) | map(attribute='name') | list %},

published as (
    select distinct on ({{ key | join(', ') }}) *
    from {{ this }}
    where publication_id in (select publication_id from {{ publications }})
    order by {{ key | join(', ') }}, publication_id desc
),

changed as (
    select
        built.*,
        false as is_removed
    from built
    left join published using ({{ key | join(', ') }})
    where
        published.publication_id is null
        or published.is_removed
        -- without nulls: a column that is new, and empty, is no change
        or jsonb_strip_nulls(to_jsonb(built))
        is distinct from jsonb_strip_nulls(to_jsonb(published)) - 'publication_id' - 'is_removed'
),

removed as (
    select published.* from published
    left join built using ({{ key | join(', ') }})
    where built.{{ key[0] }} is null and not published.is_removed
)

select * from changed
union all
select
    {%- for column in adapter.get_columns_in_relation(relation) %}
    {{ column.name if column.name in known else 'null as ' ~ column.name }},
    {%- endfor %}
    true as is_removed
from removed
{%- else %}

select
    built.*,
    false as is_removed
from built
{%- endif %}
{%- endmacro %}


{#-
  A mart of dated facts: the columns of its contract, for each date from its newest publication.
  history=true: from every publication. filtered=true: through the row filter of the API's role.
  adjusted=true: with the total return index that the mart makes its adjusted close of. only: a condition on the
  rows (of `published`) that belong to the mart. newest=true: the newest session alone. at=true: as it was seen at the
  session's instant (see marts_at.sql).
-#}
{% macro published_facts(
    relation, filtered=true, history=false, adjusted=false, only=none, newest=false, at=false
) -%}
with published as (
    select * from {{ relation }}
),

publication_dates as (
    select * from {{ ref('stg_ops__publication_dates') }}
    {% if at %} where {{ is_seen_at() }}
    {% elif not history and not var('audit_schema') %} where superseded_at is null {% endif %}
)

select
    {%- for column in model.columns.values() %}
    {%- if adjusted and column.name == 'adjusted_close' %}
    published.total_return_index
    {%- else %}
    {{ 'publication_dates' if column.name in ('published_at', 'superseded_at') else 'published' }}.{{ column.name }}
    {%- endif %}
    {{- ',' if not loop.last }}
    {%- endfor %}
from published
{%- if var('audit_schema') %}
-- an audit build is not a publication: its rows stand alone
left join publication_dates on false
where published.publication_id = {{ var('publication_id') or 0 }}
{%- else %}
inner join publication_dates
    on
        published.as_of_date = publication_dates.as_of_date
        and published.publication_id = publication_dates.publication_id
where true
{%- endif %}
{%- if filtered %}
    and {{ row_filter('published') }}
{%- endif %}
{%- if only %}
    and {{ only }}
{%- endif %}
{%- if newest and not var('audit_schema') %}
    and published.as_of_date = (select max(as_of_date) from publication_dates)
{%- endif %}
{%- endmacro %}


{#-
  Prices with adjusted closes, which are a view of today and no stored fact: chained back from total returns so
  that a symbol's newest visible adjusted close is its close.
-#}
{% macro published_prices(history=false) -%}
with prices as (
    {{ published_facts(ref('pub_prices'), filtered=false, history=history, adjusted=true) }}
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
{%- endmacro %}


{#- A mart without dates: the newest published version of each key; history=true: all versions. -#}
{% macro published_versions(relation, key, filtered=false, history=false) -%}
{#- the portfolio is part of the partition so that a question about one portfolio reads only its rows -#}
{%- set partition = (['portfolio_id'] if filtered and 'portfolio_id' not in key else []) + key -%}
with published as (
    select * from {{ relation }}
),

publications as (
    select * from {{ ref('stg_ops__publications') }}
),

versions as (
    select
        published.*,
        publications.published_at,
        lead(publications.published_at) over (
            partition by {% for name in partition %}published.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
            order by published.publication_id
        ) as superseded_at
    from published
    {%- if var('audit_schema') %}
    left join publications on false
    where published.publication_id = {{ var('publication_id') or 0 }}
    {%- else %}
    inner join publications on published.publication_id = publications.publication_id
    {%- endif %}
)

select
    {%- for column in model.columns.values() %}
    {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
from versions
where
    not is_removed
    {%- if not history %}
    and superseded_at is null
    {%- endif %}
    {%- if filtered %}
    and {{ row_filter('versions') }}
    {%- endif %}
{%- endmacro %}


{#- Analysts see every portfolio; the API's role those of the user its session was opened for. -#}
{% macro row_filter(alias) -%}
(
        (select access.sees_every_portfolio())
        or {{ alias }}.portfolio_id in (select readable.id from access.readable_portfolio_ids() as readable (id))
    )
{%- endmacro %}


{#-
  What this publication changes in rows that readers already see: one row per changed column. Statistics
  that agree to 1e-9 count as equal. Rows that are new on a published date (a new portfolio) change nothing
  that was reported and are not listed; a row that is gone is listed with the column name '*'. without: columns
  that are not compared.
-#}
{% macro restated_columns(relation, mart, key, without=[]) -%}
{%- set mart_columns = graph.nodes['model.sigmasight.' ~ mart].columns.keys() | list if execute else [] -%}
{%- set columns = adapter.get_columns_in_relation(relation) if execute else [] -%}
select
    before.as_of_date,
    '{{ mart }}' as mart,
    concat_ws(' ', {% for name in key %}before.{{ name }}{{ ', ' if not loop.last }}{% endfor %}) as key,
    {{ 'before.portfolio_id' if columns | selectattr('name', 'equalto', 'portfolio_id') | list
       else 'cast(null as uuid)' }} as portfolio_id,
    changes.column_name,
    changes.old_value,
    changes.new_value
from (
    select published.* from {{ relation }} as published
    inner join {{ ref('stg_ops__publication_dates') }} as dates
        on published.as_of_date = dates.as_of_date and published.publication_id = dates.publication_id
    where
        dates.superseded_at is null
        and dates.as_of_date between {{ from_date() }} and {{ to_date() }}
) as before
left join (
    select * from {{ relation }} as published
    where published.publication_id = {{ var('publication_id') or 0 }}
) as after
    on
        before.as_of_date = after.as_of_date
        {%- for name in key %}
        and before.{{ name }} = after.{{ name }}
        {%- endfor %}
cross join lateral (
    values
    ('*', 'present', cast(null as text), after.publication_id is null)
    {%- for column in columns
        if column.name in mart_columns and column.name not in key + without + ['as_of_date', 'publication_id'] %},
    (
        '{{ column.name }}', cast(before.{{ column.name }} as text), cast(after.{{ column.name }} as text),
        after.publication_id is not null and
        {%- if column.dtype == 'double precision' %}
        coalesce(
            abs(after.{{ column.name }} - before.{{ column.name }})
            > 1e-9 * greatest(abs(after.{{ column.name }}), abs(before.{{ column.name }})),
            after.{{ column.name }} is distinct from before.{{ column.name }}
        )
        {%- else %}
        after.{{ column.name }} is distinct from before.{{ column.name }}
        {%- endif %}
    )
    {%- endfor %}
) as changes (column_name, old_value, new_value, is_changed)
where
    changes.is_changed
    -- before the first publication there is nothing to compare with: one question, and no row is read
    and exists (select * from {{ ref('stg_ops__publication_dates') }})
{%- endmacro %}
