{{ config(
    indexes=[
        {'columns': ['scenario_id', 'factor', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('scenarios'), ['scenario_id', 'factor']) }}
