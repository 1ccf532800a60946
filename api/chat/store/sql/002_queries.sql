-- The tool calls of an answer, the queries they ran or were refused, and the figures of the answer's text.

create table chat.tool_calls (
    tool_call_id uuid primary key default gen_random_uuid(),
    message_id uuid not null,
    user_id uuid not null,
    seq integer not null check (seq > 0),
    name text not null,
    arguments jsonb not null check (jsonb_typeof(arguments) = 'object'),
    started_at timestamptz not null default now(),
    ok boolean,
    result text,
    duration_ms integer check (duration_ms >= 0),
    unique (message_id, seq),
    unique (tool_call_id, user_id),
    foreign key (message_id, user_id) references chat.messages (message_id, user_id) on delete cascade,
    constraint a_tool_call_ends_at_once check (
        (ok is null) = (result is null) and (ok is null) = (duration_ms is null)
    )
);

-- result: {columns, rows}, with numbers as text: every digit survives. Without a result it was refused.
create table chat.queries (
    query_id uuid primary key,
    tool_call_id uuid not null,
    user_id uuid not null,
    position bigint generated always as identity,
    purpose text,
    statement text not null,
    statement_sha256 text not null,
    parameters jsonb not null,
    publication_id bigint,
    as_of_date date,
    published_at timestamptz,
    row_count integer check (row_count >= 0),
    truncated boolean,
    result jsonb,
    result_sha256 text,
    refused_reason text,
    created_at timestamptz not null default now(),
    unique (query_id, user_id),
    foreign key (tool_call_id, user_id) references chat.tool_calls (tool_call_id, user_id) on delete cascade,
    constraint a_query_ran_or_was_refused check (
        (result is null) = (refused_reason is not null)
        and (result is null) = (row_count is null)
        and (result is null) = (truncated is null)
        and (result is null) = (result_sha256 is null)
    )
);

create index on chat.queries (tool_call_id);

create table chat.figures (
    message_id uuid not null,
    user_id uuid not null,
    position integer not null check (position >= 0),
    text text not null,
    start integer not null check (start >= 0),
    query_id uuid,
    row_index integer check (row_index >= 0),
    column_name text,
    verified boolean not null,
    is_finished boolean not null default true check (is_finished),
    primary key (message_id, position),
    foreign key (message_id, user_id) references chat.messages (message_id, user_id) on delete cascade,
    constraint figures_of_a_finished_answer foreign key (message_id, is_finished)
    references chat.messages (message_id, is_finished) on delete cascade,
    foreign key (query_id, user_id) references chat.queries (query_id, user_id) on delete cascade,
    constraint a_verified_figure_has_its_cell check (
        verified = (query_id is not null and row_index is not null and column_name is not null)
    )
);

create index on chat.figures (query_id);

alter table chat.tool_calls enable row level security;
alter table chat.tool_calls force row level security;
create policy own on chat.tool_calls
using (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.queries enable row level security;
alter table chat.queries force row level security;
create policy own on chat.queries
using (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.figures enable row level security;
alter table chat.figures force row level security;
create policy own on chat.figures
using (user_id = chat.claimed_user() or chat.is_operator());
