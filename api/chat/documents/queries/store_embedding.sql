update documents
set embedding = %(embedding)s::vector, embedding_model = %(model)s, claimed_until = null
where
    sha256 = %(sha256)s
    and (
        embedding is null
        or embedding_model <> %(model)s
        or vector_dims(embedding) <> %(dimensions)s
    )
