{#-
  int_symbol_correlations unpacked into rows, for all publications: publication_id, as_of_date, symbol_1, symbol_2,
  correlation and observations of each pair, including each symbol with itself. The symbols of a date are one array,
  unnested together with the correlations; a join on place would combine all pairs with all symbols. dates: SQL
  condition on the column as_of_date.
-#}
{% macro unpacked_pairs(relation, dates='true') -%}
select
    first_leg.publication_id,
    first_leg.as_of_date,
    first_leg.symbol as symbol_1,
    pairs.symbol_2,
    pairs.correlation,
    pairs.observations
from (
    select * from {{ relation }}
    where {{ dates }}
) as first_leg
inner join (
    select
        as_of_date,
        publication_id,
        array_agg(symbol order by place) as symbols
    from {{ relation }}
    where {{ dates }}
    group by as_of_date, publication_id
) as places
    on first_leg.as_of_date = places.as_of_date and first_leg.publication_id = places.publication_id
cross join
    lateral unnest(first_leg.correlations, first_leg.observations, places.symbols[first_leg.place:])
        as pairs (correlation, observations, symbol_2)
where pairs.correlation is not null
{%- endmacro %}
