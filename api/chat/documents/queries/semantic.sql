-- Passages by the cosine distance of their embedding to that of a question: an exact scan of a thousand rows.
select document_id, source, heading, body
from documents
where
    (user_id is null or user_id = %(user_id)s)
    and embedding_model = %(model)s
    and vector_dims(embedding) = %(dimensions)s
order by embedding <=> %(embedding)s::vector, document_id
limit %(limit)s
