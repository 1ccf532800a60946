insert into documents (source, anchor, heading, body, keywords, sha256, embedding, embedding_model)
select
    passage.source,
    passage.anchor,
    passage.heading,
    passage.body,
    passage.keywords,
    passage.sha256,
    passage.embedding::vector,
    passage.embedding_model
from
    jsonb_to_recordset(%(rows)s) as passage (
        source text,
        anchor text,
        heading text,
        body text,
        keywords text,
        sha256 text,
        embedding text,
        embedding_model text
    )
