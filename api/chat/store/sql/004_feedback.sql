-- Feedback on answers, and what may be learned from it: nothing reaches a prompt before a review.

create table chat.feedback (
    message_id uuid primary key,
    user_id uuid not null,
    rating text not null check (rating in ('up', 'down')),
    edited_text text check (edited_text <> ''),
    comment text check (comment <> ''),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (message_id, user_id) references chat.messages (message_id, user_id) on delete cascade
);

create index on chat.feedback (user_id);

-- rule: a sentence of api/chat/store/preferences.py, which a user's corrections support.
create table chat.preferences (
    preference_id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    rule text not null,
    evidence_count integer not null check (evidence_count >= 0),
    confidence numeric(4, 3) not null check (confidence between 0 and 1),
    state text not null check (state in ('candidate', 'proposed', 'active', 'retired')),
    reviewed_by text,
    reviewed_at timestamptz,
    created_at timestamptz not null default now(),
    unique (user_id, rule),
    constraint a_preference_is_activated_by_a_review check (
        state not in ('active', 'retired') or (reviewed_by is not null and reviewed_at is not null)
    )
);

-- A question with the statements that answered it. origin feedback: a user's, for their own answers only;
-- curated: worded by a reviewer, without a user, for everyone.
create table chat.examples (
    example_id uuid primary key default gen_random_uuid(),
    user_id uuid,
    message_id uuid unique,
    question text not null check (question <> ''),
    statements jsonb not null check (jsonb_typeof(statements) = 'array'),
    origin text not null check (origin in ('feedback', 'curated')),
    state text not null check (state in ('candidate', 'active', 'retired')),
    reviewed_by text,
    reviewed_at timestamptz,
    created_at timestamptz not null default now(),
    foreign key (message_id, user_id) references chat.messages (message_id, user_id) on delete cascade,
    constraint a_curated_example_is_no_users check (
        (origin = 'feedback') = (user_id is not null) and (user_id is null) = (message_id is null)
    ),
    constraint an_example_is_activated_by_a_review check (
        state = 'candidate' or (reviewed_by is not null and reviewed_at is not null)
    )
);

create index on chat.examples (user_id);

alter table chat.feedback enable row level security;
alter table chat.feedback force row level security;
create policy own on chat.feedback
using (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.preferences enable row level security;
alter table chat.preferences force row level security;
create policy own on chat.preferences
using (user_id = chat.claimed_user() or chat.is_operator());
alter table chat.examples enable row level security;
alter table chat.examples force row level security;
create policy own on chat.examples
using (user_id = chat.claimed_user() or user_id is null or chat.is_operator())
with check (user_id = chat.claimed_user() or chat.is_operator());
