-- Functions for publications and for the row filter.

-- The product of a column, to chain returns and splits. Ignores nulls, like sum().
create or replace aggregate udf.product (double precision) (
    sfunc = float8mul, stype = double precision, initcond = '1', parallel = safe
);
create or replace aggregate udf.product (numeric) (
    sfunc = numeric_mul, stype = numeric, initcond = '1', parallel = safe
);
comment on function udf.product(double precision)
is 'The product of a column, to chain returns and splits; nulls do not count.';
comment on function udf.product(numeric)
is 'The product of a column, to chain returns and splits; nulls do not count.';

-- HMAC-SHA256 (RFC 2104) with the key of ops.claim_keys.
create or replace function access.code_of(message text)
returns bytea
language sql stable parallel safe
set search_path = ''
as $$
    select sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8'))) from ops.claim_keys
$$;

-- What the claim of a user must be in this transaction of this session.
create or replace function access.claim_of(user_id text)
returns text
language sql stable parallel restricted
set search_path = ''
as $$
    select encode(
        access.code_of(
            concat_ws('|', 'claim', user_id, pg_backend_pid(), extract(epoch from transaction_timestamp()))
        ),
        'hex'
    )
$$;

-- Begin to read for a user, until the end of the transaction. The proof is made with the key, for this
-- user, this session's process and a time of expiry: HMAC of 'proof|user_id|pid|microseconds since 1970'. Nothing that
-- a statement can read afterwards is of use in another transaction, in another session or for another user.
create or replace function access.claim(user_id uuid, valid_until timestamptz, proof bytea)
returns void
language plpgsql security definer
set search_path = ''
-- the key is locked while a backup is restored
set lock_timeout = '1s'
as $$
begin
    if valid_until < clock_timestamp() then
        raise exception 'the proof expired at %', valid_until
        using
            errcode = 'insufficient_privilege',
            hint = 'Compare the clocks of the API and of the database.';
    end if;
    if proof is distinct from access.code_of(
        concat_ws('|', 'proof', user_id, pg_backend_pid(), (extract(epoch from valid_until) * 1000000)::bigint)
    ) then
        raise exception 'the proof is not valid' using errcode = 'insufficient_privilege';
    end if;
    perform
        set_config('sigmasight.user_id', user_id::text, true),
        set_config('sigmasight.claim', access.claim_of(user_id::text), true);
end
$$;

-- The user that this transaction claimed, null without one. Raises when the settings were not made by access.claim in
-- this transaction.
create or replace function access.claimed_user_id()
returns uuid
language plpgsql stable parallel restricted
set search_path = ''
as $$
declare
    claimed text := nullif(current_setting('sigmasight.user_id', true), '');
begin
    if claimed is null then
        return null;
    end if;
    if access.claim_of(claimed) is distinct from current_setting('sigmasight.claim', true) then
        raise exception 'the user of this transaction is not claimed' using errcode = 'insufficient_privilege';
    end if;
    return claimed::uuid;
end
$$;

-- The row filter: the portfolios of the user that the transaction claimed; no row without one. Parallel safe for
-- analysts, whose rows it does not decide; the other roles use no parallel workers.
create or replace function access.readable_portfolio_ids()
returns setof uuid
language sql stable security definer parallel safe
set search_path = ''
as $$
    select portfolios.portfolio_id
    from ops.users
    join raw.portfolios on portfolios.owner_email = users.email
    where
        users.user_id = (select access.claimed_user_id())
        and users.is_active
        and not exists (
            select from raw.portfolios as newer
            where newer.portfolio_id = portfolios.portfolio_id and newer.load_id > portfolios.load_id
        )
$$;

-- The symbols that these portfolios hold or have held, with underlyings and benchmarks, what these became, and those
-- that are common reference: of the factors, and funds that track a benchmark. What else is priced is known to its holders only.
create or replace function access.readable_symbols()
returns setof text
language plpgsql stable security definer parallel safe
set search_path = ''
as $$
begin
    return query
    with mine as materialized (
        select readable.id from access.readable_portfolio_ids() as readable (id)
    ),
    named as materialized (
        select unnest(array[positions.symbol, positions.underlying_symbol]) as symbol
        from raw.positions
        where positions.portfolio_id in (select id from mine)
        union
        select benchmarks.symbol from raw.benchmarks where benchmarks.portfolio_id in (select id from mine)
    )
    select named.symbol from named
    union
    select successors.successor
    from ops.successor_symbols() as successors
    where successors.symbol in (select named.symbol from named);
    if to_regclass('published.dim_factors') is not null then
        return query
        select unnest(array[factors.proxy_symbol, factors.long_symbol, factors.short_symbol])
        from published.dim_factors as factors;
    end if;
    if to_regclass('staging.benchmark_funds') is not null then
        return query
        select funds.symbol from staging.benchmark_funds as funds;
    end if;
end
$$;

-- Analysts and the writer see every portfolio; all other roles are subject to the row filter.
create or replace function access.sees_every_portfolio()
returns boolean
language sql stable parallel safe
set search_path = ''
as $$
    select pg_catalog.pg_has_role(current_user, 'sigmasight_analyst', 'usage')
$$;

-- Whether what was published at the instant of the session (sigmasight.published_at) is complete: true, or an error
-- when rows that were superseded since have been removed.
create or replace function access.is_kept()
returns boolean
language plpgsql stable security definer parallel safe
set search_path = ''
as $$
declare
    instant timestamptz := current_setting('sigmasight.published_at')::timestamptz;
    kept_from timestamptz := (select max(prunings.kept_from) from ops.prunings);
begin
    if instant < kept_from then
        raise exception 'what was published at % is no longer kept', instant
        using
            errcode = 'datetime_field_overflow',
            hint = format('Ask for an instant from %s on: SUPERSEDED_DAYS removed rows superseded before.', kept_from);
    end if;
    return true;
end
$$;

-- Whether a row of this many bytes may be in a result of the chat: true, or an error.
create or replace function access.row_fits(bytes integer, allowed integer)
returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
    if bytes > allowed then
        raise exception 'a row of the result has % bytes', bytes using errcode = 'program_limit_exceeded';
    end if;
    return true;
end
$$;

-- Whether the caller gave an argument that the function knows: true, or an error with the sentence.
create or replace function access.is_accepted(is_known boolean, otherwise text)
returns boolean
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
    if is_known is not true then
        raise exception '%', otherwise using errcode = 'invalid_parameter_value';
    end if;
    return true;
end
$$;

revoke all on all functions in schema access from public;
grant execute on function
access.readable_portfolio_ids(), access.readable_symbols(), access.sees_every_portfolio(), access.is_kept(),
access.is_accepted(boolean, text)
to sigmasight_analyst, sigmasight_api, sigmasight_chat;
grant execute on function access.claim(uuid, timestamptz, bytea) to sigmasight_api, sigmasight_chat;
grant execute on function access.row_fits(integer, integer) to sigmasight_chat;
grant execute on function udf.product(double precision), udf.product(numeric)
to sigmasight_analyst, sigmasight_api, sigmasight_chat;

-- Simulated prices are used until the first real price is loaded, and ignored afterwards.
create or replace function ops.has_real_prices(known_at timestamptz)
returns boolean
language sql stable parallel safe
set search_path = ''
as $$
    select exists (
        select from ops.loads
        where
            dataset = 'prices' and source <> 'simulated' and status = 'succeeded'
            and rows_new > 0 and finished_at <= known_at
    )
$$;

-- The names under which a company's shares were listed, with the last one, as known at an instant: each symbol that was
-- renamed, and each that another became, with the days on which it was the name. One row per symbol and period.
create or replace function ops.symbol_names(known_at timestamptz)
returns table (symbol text, current_symbol text, valid_from date, valid_before date)
language sql stable parallel safe
set search_path = ''
as $$
    with recursive newest as (
        select distinct on (actions.symbol, actions.ex_date) actions.*
        from raw.corporate_actions as actions
        where actions.action = 'rename' and actions.loaded_at <= symbol_names.known_at
        order by actions.symbol, actions.ex_date, actions.load_id desc
    ),
    renames as (
        select newest.symbol, newest.ex_date, newest.new_symbol
        from newest
        where newest.value is not null and newest.new_symbol <> newest.symbol
    ),
    chains (symbol, ex_date, new_symbol, renamed_on, hops) as (
        select renames.symbol, renames.ex_date, renames.new_symbol, renames.ex_date, 1
        from renames
        union all
        select chains.symbol, chains.ex_date, later.new_symbol, later.ex_date, chains.hops + 1
        from chains
        cross join lateral (
            select renames.new_symbol, renames.ex_date
            from renames
            where renames.symbol = chains.new_symbol and renames.ex_date > chains.renamed_on
            order by renames.ex_date
            limit 1
        ) as later
    ),
    last_names as (
        select distinct on (chains.symbol, chains.ex_date) chains.*
        from chains
        order by chains.symbol, chains.ex_date, chains.hops desc
    )
    -- a name ends with its rename, and begins with the one into it or after an earlier company's
    select
        last_names.symbol,
        last_names.new_symbol,
        coalesce(
            (
                select max(renames.ex_date) from renames
                where last_names.symbol in (renames.symbol, renames.new_symbol) and renames.ex_date < last_names.ex_date
            ),
            '-infinity'
        ),
        last_names.ex_date
    from last_names
    union all
    select last_names.new_symbol, last_names.new_symbol, max(last_names.renamed_on), 'infinity'
    from last_names
    group by last_names.new_symbol
$$;

-- What symbols became by renames and mergers into shares, and what they spun off, also in several steps, as known now.
create or replace function ops.successor_symbols()
returns table (symbol text, successor text)
language sql stable parallel safe
set search_path = ''
as $$
    with recursive newest as (
        select distinct on (actions.symbol, actions.ex_date, actions.action) actions.*
        from raw.corporate_actions as actions
        where actions.action in ('rename', 'stock_merger', 'cash_and_stock_merger', 'spin_off')
        order by actions.symbol, actions.ex_date, actions.action, actions.load_id desc
    ),
    successors (symbol, successor) as (
        select newest.symbol, newest.new_symbol from newest
        where newest.value is not null
        union
        select successors.symbol, newest.new_symbol
        from successors
        inner join newest on successors.successor = newest.symbol
        where newest.value is not null
    )
    select successors.symbol, successors.successor from successors
$$;

-- Publish a finished build in one statement, so readers see all of it or none of it.
-- market_from_date: first session of the market facts and of every portfolio; later than to_date when the build
-- covers only the portfolios listed in ops.build_portfolios. Portfolios of ops.build_exclusions keep their publication.
drop function if exists ops.publish(bigint, date, date, timestamptz, text, text, integer, integer);
create or replace function ops.publish(
    publication_id bigint,
    market_from_date date,
    to_date date,
    known_at timestamptz,
    dbt_invocation_id text,
    git_revision text,
    tests_passed integer,
    tests_warned integer,
    cause text default null
)
returns timestamptz
language plpgsql
as $$
#variable_conflict use_column
declare
    this_publication bigint := $1;
    -- a clock that was set back must not put a publication before the one that it supersedes
    published timestamptz := greatest(
        clock_timestamp(), (select max(published_at) + interval '1 microsecond' from ops.publications)
    );
    first_date date := least(
        case when $2 <= $3 then $2 end,
        (select min(from_date) from ops.build_portfolios where publication_id = $1)
    );
begin
    insert into ops.publications (
        publication_id, from_date, to_date, known_at, published_at,
        dbt_invocation_id, git_revision, tests_passed, tests_warned, cause, portfolios
    ) values (
        -- a publication that only withholds portfolios covers no date
        $1, coalesce(
            first_date,
            case when exists (select from ops.build_exclusions where publication_id = $1) then $3 end,
            $2
        ), $3, $4, published, $5, $6, $7, $8, $9,
        case when $2 > $3 then (
            select coalesce(array_agg(portfolio_id order by portfolio_id), '{}')
            from ops.build_portfolios where publication_id = $1
        ) end
    );

    update ops.publication_dates set superseded_at = published
    where as_of_date between $2 and $3 and superseded_at is null;

    insert into ops.publication_dates (as_of_date, publication_id, published_at)
    select calendar_date, this_publication, published
    from raw.calendar_days as days
    where
        days.calendar_date between $2 and $3
        and days.is_session
        and not exists (
            select from raw.calendar_days as newer
            where newer.calendar_date = days.calendar_date and newer.load_id > days.load_id
        );
    if not found and $2 <= $3 then
        raise exception 'no session of the loaded calendar lies between % and %', $2, $3
        using hint = 'Load the calendar first.';
    end if;

    update ops.portfolio_dates set superseded_at = published
    where
        as_of_date between $2 and $3
        and superseded_at is null
        and portfolio_id not in (select portfolio_id from ops.build_exclusions where publication_id = $1);

    update ops.portfolio_dates set superseded_at = published
    from ops.build_portfolios as listed
    where
        listed.publication_id = $1
        and portfolio_dates.portfolio_id = listed.portfolio_id
        and portfolio_dates.as_of_date between listed.from_date and $3
        and portfolio_dates.superseded_at is null;

    if to_regclass('published.fct_portfolio_snapshots') is not null then
        insert into ops.portfolio_dates (portfolio_id, as_of_date, publication_id, published_at)
        select portfolio_id, as_of_date, this_publication, published
        from published.fct_portfolio_snapshots
        where publication_id = $1;
    end if;

    perform ops.withhold(this_publication, $2 <= $3, published);

    update ops.rebuilds set publication_id = this_publication
    where publication_id is null and requested_at <= $4 and $2 <= $3;

    -- The data of a withheld portfolio count as published: ops.quarantines says from when on it is built again. Those of
    -- portfolios that were not asked for, and of the market if it was not built, wait for the next build.
    insert into ops.publication_loads (load_id, publication_id)
    select load_id, this_publication
    from ops.loads
    where
        status = 'succeeded'
        and finished_at <= $4
        and not exists (select from ops.publication_loads as known where known.load_id = loads.load_id)
        and (
            $2 <= $3
            or touched_from is null
            or exists (select from ops.load_portfolios as touched where touched.load_id = loads.load_id)
        )
        and not exists (
            select from ops.load_portfolios as touched
            inner join ops.build_exclusions as excluded using (portfolio_id)
            where touched.load_id = loads.load_id and excluded.publication_id = $1 and excluded.tests is null
        )
    on conflict do nothing;

    -- Every mart joins these tables: the planner needs their statistics before the first query.
    analyze ops.publications;
    analyze ops.publication_dates;
    analyze ops.portfolio_dates;

    return published;
end
$$;

-- Bring ops.quarantines to what a publication covers: what it withholds begins or continues, what it builds is released.
create or replace function ops.withhold(this_publication bigint, covers_market boolean, published timestamptz)
returns void
language plpgsql
as $$
begin
    update ops.quarantines set superseded_at = published
    where
        superseded_at is null
        and coalesce(
            (
                select excluded.tests is not null from ops.build_exclusions as excluded
                where excluded.publication_id = this_publication and excluded.portfolio_id = quarantines.portfolio_id
            ),
            covers_market
            or exists (
                select from ops.build_portfolios as listed
                where listed.publication_id = this_publication and listed.portfolio_id = quarantines.portfolio_id
            )
        );

    insert into ops.quarantines (
        portfolio_id, publication_id, published_at, portfolio_name, withheld_since, last_date, from_date, tests, reason
    )
    select
        excluded.portfolio_id,
        this_publication,
        published,
        portfolios.portfolio_name,
        coalesce(before.withheld_since, published),
        (
            select max(dates.as_of_date) from ops.portfolio_dates as dates
            where dates.portfolio_id = excluded.portfolio_id and dates.superseded_at is null
        ),
        least(excluded.from_date, before.from_date),
        excluded.tests,
        excluded.reason
    from ops.build_exclusions as excluded
    left join raw.newest_portfolios as portfolios on excluded.portfolio_id = portfolios.portfolio_id
    left join ops.quarantines as before
        on excluded.portfolio_id = before.portfolio_id and before.superseded_at = published
    where excluded.publication_id = this_publication and excluded.tests is not null;
end
$$;
