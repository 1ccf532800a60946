{{ config(
    indexes=[
        {'columns': ['as_of_date', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_calendar'), ['as_of_date']) }}
