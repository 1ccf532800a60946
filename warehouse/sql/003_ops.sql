-- What was loaded, run and published, and who may log in.

-- One row per load. A successful load's row is written in the transaction of its data; a failed one's
-- on its own, after the rollback. touched_from: the earliest date whose numbers the new rows can change.
create table if not exists ops.loads (
    load_id bigint generated always as identity primary key,
    source text not null,
    dataset text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    status text not null check (status in ('succeeded', 'failed')),
    origin text,
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_rejected bigint not null default 0,
    touched_from date,
    error text
);

-- Why a row of a file or an answer was not loaded.
create table if not exists ops.rejected_rows (
    load_id bigint not null references ops.loads,
    row_number bigint,
    reason text not null,
    detail text
);
create index if not exists rejected_rows_load on ops.rejected_rows (load_id);

-- One row per run of a flow. The row stays 'running' when the process is killed; the next run of the
-- same kind, which holds the lock, marks it 'abandoned'.
create table if not exists ops.runs (
    run_id bigint generated always as identity primary key,
    kind text not null,
    status text not null check (status in ('running', 'succeeded', 'nothing_new', 'failed', 'abandoned')),
    phase text not null default 'starting',
    percent smallint not null default 0 check (percent between 0 and 100),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    as_of_date date,
    from_date date,
    publication_id bigint,
    host text,
    pid integer,
    steps jsonb not null default '[]',
    error text
);

-- What the last run of dbt in a run did, node by node, also when it failed. status: as dbt calls it.
-- rows: written by a model, found by a test. message: what dbt said of it.
create table if not exists ops.run_nodes (
    run_id bigint not null references ops.runs on delete cascade,
    node_id text not null,
    name text not null,
    kind text not null,
    status text not null,
    seconds double precision not null,
    rows bigint,
    message text,
    primary key (run_id, node_id)
);

create sequence if not exists ops.publication_ids;

-- A publication makes the rows that carry its id visible, on all marts at once.
-- known_at: the instant up to which loaded rows were taken in (what --known-at rebuilds from).
create table if not exists ops.publications (
    publication_id bigint primary key,
    from_date date not null,
    to_date date not null,
    known_at timestamptz not null,
    published_at timestamptz not null default clock_timestamp(),
    dbt_invocation_id text,
    git_revision text,
    tests_passed integer not null,
    tests_warned integer not null,
    check (from_date <= to_date)
);

-- portfolios: those that it rebuilt; null: all, and the market's facts.
alter table ops.publications add column if not exists portfolios uuid[];

-- Which publications speak for a date, of what belongs to no portfolio; the one not superseded is what readers see.
create table if not exists ops.publication_dates (
    as_of_date date not null,
    publication_id bigint not null references ops.publications,
    published_at timestamptz not null,
    superseded_at timestamptz,
    primary key (as_of_date, publication_id)
);
create unique index if not exists publication_dates_current
on ops.publication_dates (as_of_date) include (publication_id) where superseded_at is null;

-- The loads that a publication was the first to take in; a load without a row here is work to do.
create table if not exists ops.publication_loads (
    load_id bigint primary key references ops.loads,
    publication_id bigint not null references ops.publications
);

-- People who may log in. row_key is what lets a session of the API claim to be that user: only the role
-- that checks logins can read it, so a statement run for one user cannot pose as another.
create table if not exists ops.users (
    user_id uuid primary key default gen_random_uuid(),
    email text not null unique check (email = lower(email)),
    full_name text not null,
    password_hash text not null,
    row_key text not null default encode(sha256(gen_random_uuid()::text::bytea || gen_random_uuid()::text::bytea), 'hex'),
    is_active boolean not null default true,
    is_admin boolean not null default false,
    created_at timestamptz not null default now()
);
grant select on ops.users to sigmasight_auth;

-- /health tells how the last build ended.
grant select on ops.runs to sigmasight_auth;

-- The project whose views, functions and seeds stand in this database, by the mark of its files; no row while
-- a build changes them. A build of the same project leaves them as they are.
create table if not exists ops.built_projects (
    mark text primary key,
    built_at timestamptz not null default clock_timestamp()
);
