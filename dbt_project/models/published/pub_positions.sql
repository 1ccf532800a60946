{{ config(
    indexes=[
        {'columns': ['position_id', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_tagged_positions'), ['position_id']) }}
