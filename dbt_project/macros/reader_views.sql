{#-
  The three views of a mart, each with the columns of its yml:
    marts           the newest publication of each portfolio and date
    marts_history   all publications; in addition publication_id, published_at (when the row became visible) and
                    superseded_at (when a newer publication replaced it; null while it is current)
    marts_at        as published at an instant, the setting sigmasight.published_at; without it a query fails instead of
                    returning current rows
  An audit build is not a publication: its marts show its own rows.

  config of the mart:
  filtered          false: every reader may see the rows; default: row filter on marts with a portfolio_id, and symbol
                    filter on other marts with a symbol
  computed          name -> SQL of columns that are computed when read and not stored
  computed_from     SQL of the joins that they need
  shown_as          name -> SQL of what readers see in place of a stored column of a versioned mart
  newest_only       true: only the newest session; no history
  has_interval      true: the rows of the mart carry published_at and superseded_at of their own
  instant_column    for a mart that shows live rows instead of publications: the time at which a row took effect; no
                    history

  meta of the mart:
  only_for_analysts true: neither the API nor statements that a model writes may read it
-#}
{% macro make_reader_views(relation) -%}
    {%- if config.get('readers', true) -%}
        {%- set schemas = [var('audit_schema')] if var('audit_schema') else reader_schemas() -%}
        {%- set made = [] -%}
        {%- for schema in schemas -%}
            {%- set code = reader_select(relation, 'audit' if var('audit_schema') else schema) -%}
            {%- do made.append(reader_view_sql(reader_view(schema), code)) -%}
        {%- endfor -%}
        {% call statement('views') %}
            {# together: while readers of one keep it waiting, those of the others go on #}
            {{ when_unused(made | join(';')) }}
        {% endcall %}
        {%- for schema in schemas -%}
            {% do comment_reader_view(reader_view(schema)) %}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- Statements that change what readers use, when nobody uses it. -#}
{% macro when_unused(statements) -%}
select ops.when_unused($views$ {{ statements }} $views$)
{%- endmacro %}


{#-
  Statements that take the views of readers, to stand before those that change what the views read from: who reads has
  the lock of the view, would wait for the rest, and be waited for. Locking a view would lock all that it reads from.
-#}
{% macro reader_views_taken() -%}
    {%- for view in reader_views_of(this) -%}
        {%- if run_query("select to_regclass('" ~ view ~ "')").rows[0][0] is not none -%}
            alter view {{ view }} owner to current_user;
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- The view of this mart in a schema; not in dbt's relation cache: no model lives there. -#}
{% macro reader_view(schema) -%}
    {{ return(api.Relation.create(database=this.database, schema=schema, identifier=this.identifier, type='view')) }}
{%- endmacro %}


{% macro reader_schemas() -%}
    {%- set has_history = not config.get('newest_only', false) and not config.get('instant_column') -%}
    {{ return(['marts'] + (['marts_history'] if has_history else []) + ['marts_at']) }}
{%- endmacro %}


{#- Qualified names of the reader views. -#}
{% macro reader_views_of(relation) -%}
    {%- set found = [] -%}
    {%- if config.get('readers', true) -%}
        {%- for schema in ([var('audit_schema')] if var('audit_schema') else reader_schemas()) -%}
            {%- do found.append('"' ~ schema ~ '"."' ~ relation.identifier ~ '"') -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{#- SQL of all reader views, as one text: when it changes, the views are recreated. -#}
{% macro reader_views_text(relation) -%}
    {%- if config.get('readers', true) -%}
        {%- for schema in (['audit'] if var('audit_schema') else reader_schemas()) -%}
            {{ reader_select(relation, schema) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- Replaced in place where the columns are the same, so that readers never lose the view; else recreated here. -#}
{% macro reader_view_sql(view, code) -%}
    {%- set only_for_analysts = config.get('meta', {}).get('only_for_analysts', false) -%}
    {%- set exists = run_query("select to_regclass('" ~ view.include(database=false) ~ "')").rows[0][0] is not none -%}
    {%- if view.schema not in ['marts_at', 'marts_history'] -%}
        {%- do get_assert_columns_equivalent(code) -%}
    {%- endif -%}
    {%- set statements -%}
        {#- without an instant, even reading the columns of the view fails -#}
        {%- if view.schema == 'marts_at' or (exists and view_columns_changed(view, code)) %}
        drop view if exists {{ view }};
        {%- endif %}
        create or replace view {{ view }} with (security_barrier = true) as {{ code }};
        grant select on {{ view }} to sigmasight_analyst;
        {{ 'revoke' if only_for_analysts else 'grant' }} select on {{ view }}
        {{ 'from' if only_for_analysts else 'to' }} sigmasight_api, sigmasight_chat
    {%- endset -%}
    {{ return(statements) }}
{%- endmacro %}


{% macro reader_select(relation, schema) -%}
{%- if config.get('instant_column') -%}
select {{ model.columns.keys() | join(', ') }} from {{ relation }}
{%- if schema == 'marts_at' %}
where {{ config.get('instant_column') }} <= {{ instant() }} and {{ is_kept() }}
{%- endif -%}
{%- elif config.get('has_interval', false) -%}
{{ interval_select(relation, schema) }}
{%- elif config.get('versioned', false) -%}
{{ versions_select(relation, schema) }}
{%- else -%}
{{ facts_select(relation, schema) }}
{%- endif -%}
{%- endmacro %}


{#- Names of the columns of a reader view: those of the yml and, in the history, those of the publication. -#}
{% macro reader_columns(schema) -%}
    {{ return((model.columns | list) + (added_columns(schema) | map(attribute='name') | list)) }}
{%- endmacro %}


{#- Dated facts: the rows of the publication of each date (and portfolio). -#}
{% macro facts_select(relation, schema) -%}
{%- set is_audit = schema == 'audit' -%}
select
    {%- for name in reader_columns(schema) %}
    {%- if name in config.get('computed', {}) %}
    {{ config.get('computed')[name] }} as {{ name }}
    {%- else %}
    {{ 'dates' if name in ('published_at', 'superseded_at') else 'rows' }}.{{ name }}
    {%- endif %}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ relation }} as rows
{{ 'left' if is_audit else 'inner' }} join ops.{{ 'portfolio_dates' if is_of_portfolios() else 'publication_dates' }} as dates
    on
        rows.as_of_date = dates.as_of_date
        and rows.publication_id = dates.publication_id
        {%- if is_of_portfolios() %}
        and rows.portfolio_id = dates.portfolio_id
        {%- endif %}
        {%- if is_audit %}
        and false
        {%- endif %}
{{ config.get('computed_from', '') | replace('<published>', adapter.quote(this.schema)) }}
{%- if config.get('newest_only', false) and is_of_portfolios() and not is_audit %}
left join ops.quarantines as withheld
    on rows.portfolio_id = withheld.portfolio_id and {{ is_seen('withheld', schema) }}
{%- endif %}
where
    {{ {
        'marts': 'dates.superseded_at is null',
        'marts_history': 'true',
        'marts_at': is_seen_at('dates') ~ ' and ' ~ is_kept(),
        'audit': 'true',
    }[schema] }}
    {{- reader_filter('rows') }}
    {%- if config.get('newest_only', false) and not is_audit %}
    and {{ is_of_newest_session(schema) }}
    {%- endif %}
{%- endmacro %}


{#-
  The newest session or, of a withheld portfolio, its last one. As an array, the sessions are looked up in the index. The
  second condition is a case because the planner expects half of the rows then: of a comparison it expects one in two
  hundred, and would join positions row by row.
-#}
{% macro is_of_newest_session(schema) -%}
{%- set newest -%}
select max(newest.as_of_date) from ops.publication_dates as newest where {{ is_seen('newest', schema) }}
{%- endset -%}
{%- if is_of_portfolios() -%}
rows.as_of_date = any(array(
        {{ newest }}
        union all
        select last_ones.last_date from ops.quarantines as last_ones where {{ is_seen('last_ones', schema) }}
    ))
    and case when rows.as_of_date = least(({{ newest }}), withheld.last_date) then true else false end
{%- else -%}
rows.as_of_date = ({{ newest }})
{%- endif -%}
{%- endmacro %}


{#- What readers of the schema see: what is current, or was at the instant. -#}
{% macro is_seen(alias, schema) -%}
{{ is_seen_at(alias) if schema == 'marts_at' else alias ~ '.superseded_at is null' }}
{%- endmacro %}


{#- Rows that say themselves from when to when readers see them. An audit build publishes nothing of the kind. -#}
{% macro interval_select(relation, schema) -%}
select
    {%- for name in reader_columns(schema) %}
    rows.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ relation }} as rows
where
    {{ {
        'marts': 'rows.superseded_at is null',
        'marts_history': 'true',
        'marts_at': is_seen_at('rows') ~ ' and ' ~ is_kept(),
        'audit': 'false',
    }[schema] }}
    {%- if is_of_portfolios() and config.get('filtered', true) %}
    and {{ row_filter('rows') }}
    {%- endif %}
{%- endmacro %}


{#-
  A versioned mart: the newest row per key. The partition includes the portfolio, so that its index is used. Where only
  the newest is seen it is chosen by distinct on, whose count of rows the planner knows: of a null superseded_at it
  expects one row in two hundred, and would join the rest row by row.
-#}
{% macro versions_select(relation, schema) -%}
{%- set grain = config.require('grain') -%}
{%- set partition = (['portfolio_id'] if is_of_portfolios() and 'portfolio_id' not in grain else []) + grain -%}
{%- set key = 'rows.' ~ partition | join(', rows.') -%}
{%- set is_newest = schema not in ['marts_at', 'marts_history'] -%}
with versions as (
    select{{ ' distinct on (' ~ key ~ ')' if is_newest }}
        rows.*
        {%- if not is_newest %},
        publications.published_at,
        lead(publications.published_at) over (partition by {{ key }} order by rows.publication_id) as superseded_at
        {%- endif %}
    from {{ relation }} as rows
    {{ 'left' if schema == 'audit' else 'inner' }} join ops.publications as publications
        on rows.publication_id = publications.publication_id
    {%- if is_newest %}
    order by rows.{{ partition | join(' desc, rows.') }} desc, rows.publication_id desc
    {%- endif %}
)

select
    {%- for name in reader_columns(schema) %}
    {{ config.get('shown_as', {}).get(name, 'rows.' ~ name) }}{{ ' as ' ~ name if name in config.get('shown_as', {}) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from versions as rows
where
    not is_removed
    {%- if schema == 'marts_at' %}
    and {{ is_seen_at('rows') }} and {{ is_kept() }}
    {%- endif %}
    {{- reader_filter('rows') }}
{%- endmacro %}


{#- The condition on the rows of this mart: by portfolio, or by symbol where it has no portfolio. -#}
{% macro reader_filter(alias) -%}
{%- if config.get('filtered', true) -%}
    {%- if is_of_portfolios() %}
    and {{ row_filter(alias) }}
    {%- elif is_of_symbols() %}
    and {{ symbol_filter(alias ~ '.symbol') }}
    {%- endif -%}
{%- endif -%}
{%- endmacro %}


{#- The instant set in the session; an error if it is not set (see above). -#}
{% macro instant() -%}
cast(current_setting('sigmasight.published_at') as timestamptz)
{%- endmacro %}


{#- An error for an instant whose rows are no longer complete. Once per query. -#}
{% macro is_kept() -%}
(select access.is_kept())
{%- endmacro %}


{% macro is_seen_at(alias) -%}
{{ alias }}.published_at <= {{ instant() }} and ({{ alias }}.superseded_at is null or {{ alias }}.superseded_at > {{ instant() }})
{%- endmacro %}


{#- Analysts see every portfolio; the API's role sees those of the user of its session. -#}
{% macro row_filter(alias) -%}
(
        (select access.sees_every_portfolio())
        or {{ alias }}.portfolio_id in (select readable.id from access.readable_portfolio_ids() as readable (id))
    )
{%- endmacro %}


{#- Symbols are known because somebody holds them: a user sees their own and common reference. -#}
{% macro symbol_filter(symbol) -%}
(
        (select access.sees_every_portfolio())
        or {{ symbol }} in (select readable.symbol from access.readable_symbols() as readable (symbol))
    )
{%- endmacro %}


{#-
  Marts without a portfolio whose keys begin with a symbol, as a list of SQL: what is told of their rows names a symbol that
  somebody holds. Found by their grain, so that a new mart is among them.
-#}
{% macro symbol_marts() -%}
{%- set found = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() -%}
        {%- if node.resource_type == 'model' and (node.config.get('grain') or [none])[0] == 'symbol' -%}
            {%- do found.append("'" ~ (node.config.get('restated_as') or node.name) ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif -%}
({{ found | unique | sort | join(', ') or 'null' }})
{%- endmacro %}
