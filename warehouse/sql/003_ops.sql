-- Records of loads, runs and publications, and the accounts.

-- One row per load. The row of a successful load is written in the transaction of its data; that of a failed load
-- separately, after the rollback. touched_from: the earliest date whose numbers the new rows can change.
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

-- Rows of a file or of a vendor's response that were not loaded, with the reason.
create table if not exists ops.rejected_rows (
    load_id bigint not null references ops.loads,
    row_number bigint,
    reason text not null,
    detail text
);
create index if not exists rejected_rows_load on ops.rejected_rows (load_id);

-- One row per run of a flow. When the process is killed the row stays 'running'; the next run of the same kind,
-- which then holds the lock, marks it 'abandoned'.
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

-- The results of a run's last dbt invocation by node, failed ones included. status: dbt's own.
-- rows: written by a model, or found by a test. message: dbt's message for the node.
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
-- known_at: rows loaded up to this instant were used (--known-at rebuilds from the same rows).
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

-- portfolios: those that it rebuilt; null for all of them and the market facts.
alter table ops.publications add column if not exists portfolios uuid[];

-- cause: why it was built, in words.
alter table ops.publications add column if not exists cause text;

-- Rebuilds of all history that the next build does, because an upgrade changed the method. publication_id: the
-- publication that did it.
create table if not exists ops.rebuilds (
    rebuild_id bigint generated always as identity primary key,
    reason text not null,
    requested_at timestamptz not null default clock_timestamp(),
    publication_id bigint references ops.publications
);

-- The publications that cover a date, for facts that belong to no portfolio. Readers see the one not superseded.
create table if not exists ops.publication_dates (
    as_of_date date not null,
    publication_id bigint not null references ops.publications,
    published_at timestamptz not null,
    superseded_at timestamptz,
    primary key (as_of_date, publication_id)
);
create unique index if not exists publication_dates_current
on ops.publication_dates (as_of_date) include (publication_id) where superseded_at is null;

-- The first publication that used each load; a load without a row here is not published yet.
create table if not exists ops.publication_loads (
    load_id bigint primary key references ops.loads,
    publication_id bigint not null references ops.publications
);

-- User accounts. With the row_key a session of the API acts as that user. Only the role that checks logins can
-- read it, so a statement run for one user cannot impersonate another.
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

-- /health reports the outcome of the last build.
grant select on ops.runs to sigmasight_auth;

-- The project version (a hash of its files) whose views, functions and seeds are in this database; no row while a
-- build changes them. A build of the same version leaves them unchanged.
create table if not exists ops.built_projects (
    mark text primary key,
    built_at timestamptz not null default clock_timestamp()
);
