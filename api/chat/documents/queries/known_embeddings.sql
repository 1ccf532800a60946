-- Embeddings of passages by the digest of their text.
select distinct on (sha256) sha256, embedding::text as embedding, embedding_model
from documents
where user_id is null and embedding is not null and sha256 = any(%(digests)s)
