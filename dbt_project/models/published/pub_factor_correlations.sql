{{ config(
    indexes=[
        {'columns': ['as_of_date', 'publication_id']},
    ],
) }}

{{ built_rows(ref('int_factor_correlations')) }}
