{{ config(
    indexes=[
        {'columns': ['as_of_date', 'symbol_1', 'symbol_2', 'publication_id']},
    ],
) }}

{{ built_rows(ref('int_symbol_correlations')) }}
