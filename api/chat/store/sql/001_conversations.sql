-- Conversations and their messages. Every table of the chat names its user, and the policy `own` shows a
-- transaction only the rows of the user that it claimed; see api/chat/store/transactions.py. The tables'
-- owner is bound by it too. A composite foreign key keeps the user of a child equal to that of its parent.

create function chat.claimed_user() returns uuid
language sql stable
return nullif(current_setting('sigmasight.chat_user', true), '')::uuid;

create function chat.is_operator() returns boolean
language sql stable
return coalesce(current_setting('sigmasight.chat_operator', true), '') = 'on';

create table chat.conversations (
    conversation_id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    kind text not null default 'chat' check (kind in ('chat', 'insight', 'mcp')),
    mode text not null check (mode in ('green', 'blue', 'indigo', 'violet')),
    portfolio_id uuid,
    title text check (char_length(title) between 1 and 200),
    created_at timestamptz not null default now(),
    last_message_at timestamptz not null default now(),
    unique (conversation_id, user_id)
);

create index on chat.conversations (user_id, last_message_at desc);
create index on chat.conversations (last_message_at);

-- An answer is running until its run ends: then its text, its figures and its counts are written at once.
create table chat.messages (
    message_id uuid primary key default gen_random_uuid(),
    conversation_id uuid not null,
    user_id uuid not null,
    run_id uuid not null,
    position bigint generated always as identity,
    role text not null check (role in ('user', 'assistant')),
    mode text not null check (mode in ('green', 'blue', 'indigo', 'violet')),
    status text not null check (status in ('running', 'done', 'failed', 'cancelled')),
    content text not null,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    model text,
    input_tokens integer check (input_tokens >= 0),
    output_tokens integer check (output_tokens >= 0),
    latency_ms integer check (latency_ms >= 0),
    first_token_ms integer check (first_token_ms >= 0),
    error_type text,
    is_finished boolean not null generated always as (status <> 'running') stored,
    unique (message_id, user_id),
    unique (message_id, is_finished),
    unique (run_id, role),
    foreign key (conversation_id, user_id)
    references chat.conversations (conversation_id, user_id) on delete cascade,
    constraint a_user_message_is_done check (role = 'assistant' or (status = 'done' and content <> '')),
    constraint only_a_running_answer_is_unfinished check ((status = 'running') = (finished_at is null)),
    constraint a_running_answer_has_no_text check (status <> 'running' or content = ''),
    constraint an_answer_has_its_counts check (
        role = 'user' or status <> 'done' or (
            model is not null and input_tokens is not null
            and output_tokens is not null and latency_ms is not null
        )
    ),
    constraint only_a_failed_answer_has_an_error check ((status = 'failed') = (error_type is not null))
);

create unique index one_running_answer on chat.messages (conversation_id) where status = 'running';
create index on chat.messages (conversation_id, position);
create index on chat.messages (user_id, created_at);

-- What a run consumed: kept for two days even if its conversation is deleted, for the limit of a day.
create table chat.usage (
    run_id uuid primary key,
    user_id uuid not null,
    ended_at timestamptz not null default now(),
    tokens bigint not null check (tokens >= 0)
);

create index on chat.usage (user_id, ended_at);

alter table chat.conversations enable row level security;
alter table chat.conversations force row level security;
create policy own on chat.conversations
using (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.messages enable row level security;
alter table chat.messages force row level security;
create policy own on chat.messages
using (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.usage enable row level security;
alter table chat.usage force row level security;
create policy own on chat.usage
using (user_id = chat.claimed_user() or chat.is_operator());
