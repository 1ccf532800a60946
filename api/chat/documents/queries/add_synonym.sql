insert into document_synonyms (phrase, lexemes)
select phrase, tsvector_to_array(document_vector(%(words)s))
from plainto_tsquery('english', regexp_replace(%(synonym)s, 'P&L', 'pnl', 'gi')) as phrase
where numnode(phrase) > 0
