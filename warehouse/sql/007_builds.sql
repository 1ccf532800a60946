-- The parameters of the build in progress, which models read from session settings, so that the compiled text of
-- every model is the same each night. By default a build covers all of history as known now, under publication 0,
-- which no reader sees.

-- First session of the market facts, and of every portfolio that is not listed with an earlier one.
create or replace function ops.build_from_date()
returns date
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.from_date', true), '')::date, date '1990-01-01') $$;

-- Last session built, never beyond the last one with prices.
create or replace function ops.build_to_date()
returns date
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.to_date', true), '')::date, date '2100-01-01') $$;

-- First session of the build: the earliest of the market's and of the listed portfolios'.
create or replace function ops.build_first_date()
returns date
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.first_date', true), '')::date, date '1990-01-01') $$;

-- The build ignores rows loaded later.
create or replace function ops.build_known_at()
returns timestamptz
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.known_at', true), '')::timestamptz, timestamptz 'infinity') $$;

-- The publication_id of the rows of this build.
create or replace function ops.build_publication_id()
returns bigint
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.publication_id', true), '')::bigint, 0) $$;

-- The smallest change of a published amount, in USD, that is listed in ops.restatements. By default every change is.
create or replace function ops.build_restated_usd()
returns double precision
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.restated_usd', true), '')::double precision, 0) $$;

-- The same for every other figure, as a share of the larger of the two values.
create or replace function ops.build_restated_share()
returns double precision
language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('sigmasight.restated_share', true), '')::double precision, 0) $$;

-- Portfolios that a build covers from an earlier session than the market facts, because their own data changed.
create table if not exists ops.build_portfolios (
    publication_id bigint not null,
    portfolio_id uuid not null,
    from_date date not null,
    primary key (publication_id, portfolio_id)
);

-- Portfolios that the build in progress leaves out: they keep their publication. tests: those that fail for the portfolio,
-- which is withheld; null for one that was not asked for. from_date: the first session that a withheld one lacks.
create table if not exists ops.build_exclusions (
    publication_id bigint not null,
    portfolio_id uuid not null,
    from_date date,
    tests text[],
    reason text,
    primary key (publication_id, portfolio_id),
    check ((tests is null) = (from_date is null) and (tests is null) = (reason is null))
);

-- Portfolios that publications withheld, because tests fail for them. Readers see the row that is not superseded; a
-- portfolio without such a row is not withheld. withheld_since: the first publication of an unbroken series that did.
-- last_date: its last published session, null without any. from_date: the first session of the build that releases it.
create table if not exists ops.quarantines (
    portfolio_id uuid not null,
    publication_id bigint not null references ops.publications,
    published_at timestamptz not null,
    superseded_at timestamptz,
    portfolio_name text not null,
    withheld_since timestamptz not null,
    last_date date,
    from_date date not null,
    tests text[] not null,
    reason text not null,
    primary key (portfolio_id, publication_id)
);
create unique index if not exists quarantines_current on ops.quarantines (portfolio_id) where superseded_at is null;

-- The portfolios that a load changed, each with the first changed date.
create table if not exists ops.load_portfolios (
    load_id bigint not null references ops.loads,
    portfolio_id uuid not null,
    touched_from date not null,
    primary key (load_id, portfolio_id)
);

-- The publications that cover a portfolio on a session. Readers see the one not superseded.
-- (ops.publication_dates is the equivalent for facts that belong to no portfolio.)
create table if not exists ops.portfolio_dates (
    portfolio_id uuid not null,
    as_of_date date not null,
    publication_id bigint not null references ops.publications,
    published_at timestamptz not null,
    superseded_at timestamptz,
    primary key (portfolio_id, as_of_date, publication_id)
);
create unique index if not exists portfolio_dates_current
on ops.portfolio_dates (portfolio_id, as_of_date) include (publication_id) where superseded_at is null;
create index if not exists portfolio_dates_by_date
on ops.portfolio_dates using brin (as_of_date) with (pages_per_range = 16);

-- What each publication changed in rows that were already published: one row per changed column, without changes below
-- the build's thresholds.
create table if not exists ops.restatements (
    publication_id bigint not null,
    as_of_date date not null,
    mart text not null,
    key text not null,
    portfolio_id uuid,
    column_name text not null,
    old_value text,
    new_value text
);
create index if not exists restatements_by_publication on ops.restatements (publication_id, as_of_date);
create index if not exists restatements_by_portfolio on ops.restatements (portfolio_id, as_of_date);

-- How many changes each publication made to a column of a mart, listed in ops.restatements or not.
create table if not exists ops.restatement_counts (
    publication_id bigint not null,
    mart text not null,
    column_name text not null,
    portfolio_id uuid,
    from_date date not null,
    to_date date not null,
    change_count bigint not null,
    listed_count bigint not null,
    largest_change double precision
);
create index if not exists restatement_counts_by_publication on ops.restatement_counts (publication_id);

-- The layout of the tables that builds fill. `sigmasight upgrade` brings an older layout to the newest one by running
-- the files of warehouse/sql/upgrades, each once.
create table if not exists ops.layouts (
    layout integer primary key,
    reached_at timestamptz not null default clock_timestamp()
);
insert into ops.layouts (layout)
select case when to_regclass('published.pub_dates') is null then 25 else 1 end
where not exists (select from ops.layouts);
grant select on ops.layouts to sigmasight_auth;

-- Change what readers use, when nobody uses it. A request for its lock that waits keeps every later reader waiting, too: so
-- it waits for a moment, and is made again for ten minutes.
create or replace function ops.when_unused(statements text)
returns void
language plpgsql
as $$
declare
    patience text := current_setting('lock_timeout');
begin
    for attempt in 1..150 loop
        begin
            perform set_config('lock_timeout', '300ms', true);
            execute statements;
            perform set_config('lock_timeout', patience, true);
            return;
        exception when lock_not_available then
            perform pg_sleep(4);
        end;
    end loop;
    raise exception 'somebody has read from what is changed for ten minutes without an end'
    using
        errcode = 'lock_not_available',
        hint = 'End the open transactions of analysts (pg_stat_activity), and run the command again.';
end
$$;
