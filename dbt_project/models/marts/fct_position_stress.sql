{{ published_facts(ref('pub_position_stress')) }}
    and published.as_of_date = (
        select max(dates.as_of_date) from {{ ref('stg_ops__publication_dates') }} as dates
        where dates.superseded_at is null
    )
