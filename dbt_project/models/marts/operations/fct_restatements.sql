{{ config(
    materialized='mart',
    derived=true,
    grain=['publication_id', 'as_of_date', 'mart', 'key', 'column_name'],
    instant_column='published_at',
) }}

-- Recorded while the marts are built (macros/restate.sql), visible once the build is published.
with restatements as (
    select * from {{ ref('stg_ops__restatements') }}
),

publications as (
    select * from {{ ref('stg_ops__publications') }}
),

-- not materialized, so that the rows of a portfolio and date are found by index
members as not materialized (
    select * from {{ ref('fct_correlation_clusters') }}
),

final as (
    select
        restatements.publication_id,
        restatements.as_of_date,
        restatements.mart,
        restatements.key,
        restatements.portfolio_id,
        restatements.column_name,
        restatements.old_value,
        restatements.new_value,
        publications.cause,
        publications.published_at
    from restatements
    inner join publications on restatements.publication_id = publications.publication_id
    where
        {{ row_filter('restatements') }}
        or restatements.portfolio_id is null and (
            restatements.mart <> 'fct_correlation_pairs'
            -- a pair is stored once for all holders: show it only to users who hold both symbols together
            or exists (
                select first_leg.symbol
                from members as first_leg
                inner join members as second_leg
                    on
                        first_leg.portfolio_id = second_leg.portfolio_id
                        and first_leg.as_of_date = second_leg.as_of_date
                        and first_leg.publication_id = second_leg.publication_id
                where
                    first_leg.as_of_date = restatements.as_of_date
                    and first_leg.symbol = split_part(restatements.key, ' ', 1)
                    and second_leg.symbol = split_part(restatements.key, ' ', 2)
                    and first_leg.portfolio_id in (
                        select readable.id from access.readable_portfolio_ids() as readable (id)
                    )
            )
        )
)

select * from final
