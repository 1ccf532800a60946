-- Passages by the words of a question: BM25 with more weight for words of the heading and for keywords, which
-- are what users say for the terms that the passage defines. A question that has all words of a synonym is
-- searched with the words of its term as well, at a lower weight.
with question as (
    select document_vector(%(question)s) as vector
),

wanted as (
    select lexeme, max(weight) as weight
    from (
        select unnest(tsvector_to_array(vector)) as lexeme, 1.0::double precision as weight
        from question
        union all
        select unnest(document_synonyms.lexemes), %(synonym_weight)s
        from question
        join document_synonyms on question.vector @@ document_synonyms.phrase
    ) as words
    where lexeme <> all(tsvector_to_array(document_vector(%(ignored)s)))
    group by lexeme
),

visible as (
    select document_id, length
    from documents
    where user_id is null or user_id = %(user_id)s
),

averages as (
    select count(*)::double precision as documents, avg(length)::double precision as length
    from visible
),

found as (
    select
        visible.document_id,
        visible.length,
        wanted.weight,
        (
            %(heading_weight)s * in_heading + %(keyword_weight)s * least(in_keywords, 1) + in_body
        )::double precision as frequency,
        count(*) over (partition by lexeme) as documents
    from wanted
    join document_lexemes using (lexeme)
    join visible using (document_id)
),

scored as (
    select
        found.document_id,
        sum(
            found.weight
            * ln(1 + (averages.documents - found.documents + 0.5) / (found.documents + 0.5))
            * found.frequency * (%(k)s + 1)
            / (found.frequency + %(k)s * (1 - %(b)s + %(b)s * found.length / averages.length))
        ) as score
    from found
    cross join averages
    where found.frequency > 0
    group by found.document_id
)

select documents.document_id, documents.source, documents.heading, documents.body, scored.score
from scored
join documents using (document_id)
order by scored.score desc, documents.document_id
limit %(limit)s
