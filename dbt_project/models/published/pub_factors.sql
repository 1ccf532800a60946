{{ config(
    indexes=[
        {'columns': ['model', 'factor', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('factors'), ['model', 'factor']) }}
