with newest as (
    {{ newest_known(source('raw', 'tag_attributes'), ['owner_email', 'tag']) }}
),

final as (
    select
        owner_email,
        tag,
        name,
        color,
        description,
        is_archived,
        loaded_at as updated_at
    from newest
)

select * from final
