{#-
  int_symbol_correlations as rows, of all publications: publication_id, as_of_date, symbol_1, symbol_2, correlation and
  observations of each pair, a symbol with itself included.
-#}
{% macro unpacked_pairs(relation) -%}
select
    first_leg.publication_id,
    first_leg.as_of_date,
    first_leg.symbol as symbol_1,
    second_leg.symbol as symbol_2,
    pairs.correlation,
    pairs.observations
from {{ relation }} as first_leg
cross join
    lateral unnest(first_leg.correlations, first_leg.observations) with ordinality
        as pairs (correlation, observations, distance)
inner join {{ relation }} as second_leg
    on
        first_leg.as_of_date = second_leg.as_of_date
        and first_leg.publication_id = second_leg.publication_id
        and second_leg.place = first_leg.place + pairs.distance - 1
where pairs.correlation is not null
{%- endmacro %}
