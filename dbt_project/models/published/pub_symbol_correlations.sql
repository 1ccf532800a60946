{{ config(
    indexes=[
        {'columns': ['as_of_date', 'symbol_1', 'symbol_2', 'publication_id']},
    ],
) }}

with correlations as (
    {{ built_rows(ref('int_symbol_correlations')) }}
),

-- a symbol beside itself is no pair for readers
final as (
    select * from correlations
    where symbol_1 < symbol_2
)

select * from final
