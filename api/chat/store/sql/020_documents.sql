-- The documents that the chat searches, cut into passages.

-- Text as both passages and questions are searched: P&L would fall apart into two letters.
create function chat.document_vector(content text) returns tsvector
language sql immutable parallel safe
return to_tsvector('pg_catalog.english', regexp_replace(content, 'P&L', 'pnl', 'gi'));

-- One row per document that was cut. sha256: of its text; a document with another one is cut again.
create table chat.document_sources (
    source text primary key,
    sha256 text not null,
    refreshed_at timestamptz not null default now()
);

-- One row per passage. user_id and memory_id: of a memory, which only its user finds; null for common ones.
-- keywords: what users say for the terms that the passage defines. sha256: of heading and body.
-- embedding: of embedding_model and of as many dimensions as it has; the column takes any number of them, so
-- that other settings need no other column. claimed_until: while a process embeds it.
create table chat.documents (
    document_id bigint generated always as identity primary key,
    source text not null,
    anchor text not null,
    user_id uuid,
    memory_id uuid references chat.memories on delete cascade,
    heading text not null,
    body text not null,
    keywords text not null default '',
    sha256 text not null,
    vector tsvector not null generated always as (
        setweight(chat.document_vector(heading), 'A')
        || setweight(chat.document_vector(keywords), 'B')
        || setweight(chat.document_vector(body), 'D')
    ) stored,
    length integer not null generated always as (
        length(chat.document_vector(heading)) + length(chat.document_vector(body))
    ) stored,
    embedding public.vector,
    embedding_model text,
    claimed_until timestamptz,
    unique nulls not distinct (source, anchor, user_id),
    constraint an_embedding_names_its_model check ((embedding is null) = (embedding_model is null)),
    constraint only_memories_are_of_a_user check ((user_id is null) = (memory_id is null))
);

create index on chat.documents (user_id);
create index on chat.documents (memory_id);
create index on chat.documents (sha256);

-- One row per passage and lexeme: how often it occurs in the heading, the keywords and the body.
create table chat.document_lexemes (
    lexeme text not null,
    document_id bigint not null references chat.documents on delete cascade,
    user_id uuid,
    in_heading integer not null,
    in_keywords integer not null,
    in_body integer not null,
    primary key (lexeme, document_id)
);

create index on chat.document_lexemes (document_id);

create function chat.count_document_lexemes() returns trigger
language plpgsql
as $$
begin
    insert into chat.document_lexemes
    select
        lexeme,
        new.document_id,
        new.user_id,
        (select count(*) from unnest(weights) as weight where weight = 'A'),
        (select count(*) from unnest(weights) as weight where weight = 'B'),
        (select count(*) from unnest(weights) as weight where weight = 'D')
    from unnest(new.vector);
    return null;
end
$$;

-- passages are never updated, but replaced
create trigger count_document_lexemes
after insert on chat.documents
for each row execute function chat.count_document_lexemes();

-- One row per synonym of the glossary. phrase: all its words; lexemes: those of the term it stands for.
create table chat.document_synonyms (
    phrase tsquery not null,
    lexemes text [] not null
);

alter table chat.documents enable row level security;
alter table chat.documents force row level security;
create policy own on chat.documents
using (user_id is null or user_id = chat.claimed_user() or chat.is_operator())
with check (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.document_lexemes enable row level security;
alter table chat.document_lexemes force row level security;
create policy own on chat.document_lexemes
using (user_id is null or user_id = chat.claimed_user() or chat.is_operator())
with check (user_id = chat.claimed_user() or chat.is_operator());
