{#- The names of renamed companies as known to the build, as a CTE `names`: see ops.symbol_names. -#}
{% macro symbol_names() -%}
select * from ops.symbol_names({{ known_at() }})
{%- endmacro %}


{#- The symbol that a company whose shares were listed under `symbol` on `day` has now; needs the CTE `names`. -#}
{% macro current_symbol(symbol, day) -%}
coalesce(
            (
                select names.current_symbol from names
                where names.symbol = {{ symbol }} and names.valid_before > {{ day }}
                order by names.valid_before
                limit 1
            ),
            {{ symbol }}
        )
{%- endmacro %}


{#- The OCC symbol of a contract whose underlying is called `underlying` now, else as it is. -#}
{% macro current_contract(contract, listed_underlying, underlying) -%}
case
            when {{ listed_underlying }} <> {{ underlying }}
                then regexp_replace({{ underlying }}, '[^A-Z0-9]', '', 'g') || right({{ contract }}, 15)
            else {{ contract }}
        end
{%- endmacro %}


{#-
  Rows of a relation (a CTE with a symbol and a day) under the current symbols, one per symbol and day: what was listed
  under the name of its day counts before what a source gives for that day under another name of the company. The rows
  of symbols that were never renamed are not touched, and arrays are no joins, so that filters on symbol and day reach
  the table. Without any rename the second half is not executed.
-#}
{% macro under_current_symbols(rows, day, columns) -%}
{%- set listed -%}
{% for column in columns %}{{ rows }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endset -%}
select
        {{ rows }}.symbol,
        {{ listed }}
    from {{ rows }}
    where {{ rows }}.symbol <> all(array(select names.symbol from names))
    union all
    select * from (
        select distinct on (symbol, {{ day }})
            {{ current_symbol(rows ~ '.symbol', rows ~ '.' ~ day) }} as symbol,
            {{ listed }}
        from {{ rows }}
        where
            exists (select from names)
            and {{ rows }}.symbol = any(array(select names.symbol from names))
        order by
            symbol,
            {{ day }},
            exists (
                select from names
                where
                    names.symbol = {{ rows }}.symbol
                    and {{ rows }}.{{ day }} >= names.valid_from
                    and {{ rows }}.{{ day }} < names.valid_before
            ) desc
    ) as renamed
{%- endmacro %}
