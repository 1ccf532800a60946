with restatements as (
    select * from {{ ref('pub_restatements') }}
),

publications as (
    select * from {{ ref('stg_ops__publications') }}
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
        publications.published_at
    from restatements
    inner join publications on restatements.publication_id = publications.publication_id
    where
        restatements.portfolio_id is null
        or {{ row_filter('restatements') }}
)

select * from final
