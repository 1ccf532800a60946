-- Written briefings. message_id: the answer that wrote it, whose queries and figures are the briefing's.

create table chat.insights (
    insight_id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    portfolio_id uuid not null,
    message_id uuid not null unique,
    insight_type text not null,
    focus_area text,
    user_question text,
    title text not null check (title <> ''),
    severity text not null,
    summary text not null,
    key_findings jsonb not null check (jsonb_typeof(key_findings) = 'array'),
    recommendations jsonb not null check (jsonb_typeof(recommendations) = 'array'),
    full_analysis text not null,
    data_limitations text not null,
    publication_id bigint,
    as_of_date date,
    created_at timestamptz not null default now(),
    viewed_at timestamptz,
    dismissed_at timestamptz,
    rating integer check (rating between 1 and 5),
    comment text check (comment <> ''),
    foreign key (message_id, user_id) references chat.messages (message_id, user_id) on delete cascade
);

create index on chat.insights (user_id, portfolio_id, created_at desc);

alter table chat.insights enable row level security;
alter table chat.insights force row level security;
create policy own on chat.insights
using (user_id = chat.claimed_user() or chat.is_operator());
