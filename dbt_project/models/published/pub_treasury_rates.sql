{{ config(
    indexes=[
        {'columns': ['series', 'rate_date', 'publication_id']},
    ],
) }}

{{ changed_rows(ref('int_treasury_rates'), ['series', 'rate_date']) }}
