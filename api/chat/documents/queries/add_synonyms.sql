insert into document_synonyms (phrase, lexemes)
select phrase, tsvector_to_array(document_vector(term.words))
from
    jsonb_to_recordset(%(rows)s) as term (synonym text, words text),
    plainto_tsquery('english', regexp_replace(term.synonym, 'P&L', 'pnl', 'gi')) as phrase
where numnode(phrase) > 0
