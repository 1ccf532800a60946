{{ config(
    indexes=[
        {'columns': ['symbol', 'profile_date', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_company_profiles'), ['symbol', 'profile_date']) }}
