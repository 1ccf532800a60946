update documents
set embedding = embedded.embedding::vector, embedding_model = %(model)s, claimed_until = null
from jsonb_to_recordset(%(rows)s) as embedded (sha256 text, embedding text)
where
    documents.sha256 = embedded.sha256
    and (
        documents.embedding is null
        or documents.embedding_model <> %(model)s
        or vector_dims(documents.embedding) <> %(dimensions)s
    )
