insert into documents (source, anchor, heading, body, keywords, sha256, embedding, embedding_model)
values (
    %(source)s,
    %(anchor)s,
    %(heading)s,
    %(body)s,
    %(keywords)s,
    %(sha256)s,
    %(embedding)s::vector,
    %(embedding_model)s
)
