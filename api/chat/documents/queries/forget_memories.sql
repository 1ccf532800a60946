-- Remove a user's memories that are gone, expired or changed from what is searched.
delete from documents
where
    user_id = %(user_id)s
    and not exists (
        select from memories
        where
            memories.memory_id = documents.memory_id
            and memories.content = documents.body
            and memories.confirmed_at is not null
            and memories.expires_at > now()
    )
