{{ config(
    indexes=[
        {'columns': ['symbol', 'as_of_date', 'publication_id']},
        {'columns': ['as_of_date', 'publication_id']},
    ],
) }}

{{ built_rows(ref('int_symbol_risk')) }}
