-- Claim passages to embed that no other process embeds: each text once, also if several passages have it.
with pending as (
    select document_id, sha256
    from documents
    where
        (
            embedding is null
            or embedding_model <> %(model)s
            or vector_dims(embedding) <> %(dimensions)s
        )
        and (claimed_until is null or claimed_until < now())
    order by document_id
    limit %(limit)s
    for update skip locked
),

claimed as (
    update documents
    set claimed_until = now() + interval '5 minutes'
    from pending
    where documents.sha256 = pending.sha256
    returning documents.sha256, documents.heading, documents.body
)

select distinct sha256, heading, body from claimed
