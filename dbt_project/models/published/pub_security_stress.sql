{{ config(
    indexes=[
        {'columns': ['as_of_date', 'contract', 'publication_id']},
    ],
) }}

{{ built_rows(ref('int_security_stress')) }}
