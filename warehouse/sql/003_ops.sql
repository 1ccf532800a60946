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

-- The last instant given to a load or a build, in microseconds since 1970. A clock that is set back must not put a load
-- before a build that did not see it, or after one that should.
create sequence if not exists ops.instants;
select setval('ops.instants', greatest(
    (select last_value from ops.instants),
    (select (extract(epoch from max(finished_at)) * 1000000)::bigint from ops.loads),
    1
));

create or replace function ops.next_instant()
returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
    following bigint := nextval('ops.instants');
    by_the_clock bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
    if by_the_clock > following then
        perform setval('ops.instants', by_the_clock);
        following := by_the_clock;
    end if;
    return timestamptz 'epoch' + following * interval '1 microsecond';
end
$$;

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

-- What it cost: rows that it wrote, and bytes by which the published tables and their indexes grew. Null for
-- publications of versions that did not measure it.
alter table ops.publications
add column if not exists rows_written bigint,
add column if not exists bytes_written bigint;

-- Removals of the rows of superseded publications. kept_from: what was published at an earlier instant is not complete.
create table if not exists ops.prunings (
    pruning_id bigint generated always as identity primary key,
    pruned_at timestamptz not null default clock_timestamp(),
    kept_from timestamptz not null,
    rows_removed bigint not null
);

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

-- User accounts.
create table if not exists ops.users (
    user_id uuid primary key default gen_random_uuid(),
    email text not null unique check (email = lower(email)),
    full_name text not null,
    password_hash text not null,
    is_active boolean not null default true,
    is_admin boolean not null default false,
    created_at timestamptz not null default now()
);
-- a permanent secret of each user, replaced by the key of ops.claim_keys
alter table ops.users drop column if exists row_key;
grant select on ops.users to sigmasight_auth;

-- The key with which the API proves for whom a transaction reads (access.claim), and its two padded forms for HMAC
-- (RFC 2104). Only the role that checks logins can read it, so a statement run for one user cannot impersonate another.
-- To replace it: delete the row, and insert what ops.new_claim_key() returns.
create table if not exists ops.claim_keys (
    is_only boolean primary key default true check (is_only),
    key bytea not null check (length(key) = 32),
    inner_pad bytea not null check (length(inner_pad) = 64),
    outer_pad bytea not null check (length(outer_pad) = 64)
);
grant select (key) on ops.claim_keys to sigmasight_auth;

create or replace function ops.new_claim_key()
returns ops.claim_keys
language plpgsql
set search_path = ''
as $$
declare
    made ops.claim_keys;
    octet integer;
begin
    made.is_only := true;
    made.key := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    made.inner_pad := made.key || decode(repeat('00', 32), 'hex');
    made.outer_pad := made.inner_pad;
    for place in 0..63 loop
        octet := get_byte(made.inner_pad, place);
        made.inner_pad := set_byte(made.inner_pad, place, octet # 54); -- 0x36
        made.outer_pad := set_byte(made.outer_pad, place, octet # 92); -- 0x5c
    end loop;
    return made;
end
$$;

insert into ops.claim_keys select made.* from ops.new_claim_key() as made
on conflict do nothing;

-- /health reports the outcome of the last build, and whether the warehouse is of the API's version.
grant select on ops.runs to sigmasight_auth;
grant select (publication_id) on ops.publications to sigmasight_auth;

-- The project version (a hash of its files) whose views, functions and seeds are in this database; no row while a
-- build changes them. A build of the same version leaves them unchanged.
create table if not exists ops.built_projects (
    mark text primary key,
    built_at timestamptz not null default clock_timestamp()
);
grant select on ops.built_projects to sigmasight_auth;
