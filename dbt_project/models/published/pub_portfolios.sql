{{ config(
    indexes=[
        {'columns': ['portfolio_id', 'publication_id']},
    ],
) }}

-- A portfolio that is removed by the last date built is a current one no more.
{{ changed_rows(ref('int_portfolios'), ['portfolio_id'], only='removed_on is null or removed_on > ' ~ to_date()) }}
