{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'as_of_date', 'publication_id']},
        {'columns': ['as_of_date', 'publication_id']},
    ],
) }}

{{ built_rows(ref('int_target_prices')) }}
