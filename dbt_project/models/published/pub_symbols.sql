{{ config(
    indexes=[
        {'columns': ['symbol', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_symbols'), ['symbol']) }}
