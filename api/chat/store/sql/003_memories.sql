-- What the chat remembers about a user. Without confirmed_at it is a proposal, which no answer sees.

create table chat.memories (
    memory_id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    scope text not null check (scope in ('user', 'portfolio')),
    portfolio_id uuid,
    content text not null check (char_length(content) between 1 and 500 and content !~ '[[:cntrl:]]'),
    source_message_id uuid,
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    expires_at timestamptz not null,
    unique nulls not distinct (user_id, portfolio_id, content),
    foreign key (source_message_id, user_id)
    references chat.messages (message_id, user_id) on delete set null (source_message_id),
    constraint a_portfolio_memory_names_it check ((scope = 'portfolio') = (portfolio_id is not null))
);

create index on chat.memories (expires_at);
create index on chat.memories (source_message_id);

alter table chat.memories enable row level security;
alter table chat.memories force row level security;
create policy own on chat.memories
using (user_id = chat.claimed_user() or chat.is_operator());
