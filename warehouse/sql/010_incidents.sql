-- Incidents: what needs people's attention, from when to when, and which message about it was delivered where.

-- One row per incident. kind: what is wrong (flows/alarms/watches); subject: what it is wrong with, such as a
-- portfolio, '' for the whole warehouse. summary: as seen last. No kind has two open incidents of one subject.
create table if not exists ops.incidents (
    incident_id bigint generated always as identity primary key,
    kind text not null,
    subject text not null default '',
    severity text not null check (severity in ('warning', 'critical')),
    summary text not null,
    opened_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    check (resolved_at >= opened_at)
);
create unique index if not exists incidents_open on ops.incidents (kind, subject) where resolved_at is null;

-- One row per message: that an incident was opened or resolved, over a channel. It is written before the first attempt,
-- so that a message which could not be delivered is tried again later.
create table if not exists ops.incident_messages (
    incident_id bigint not null references ops.incidents on delete cascade,
    channel text not null,
    event text not null check (event in ('opened', 'resolved')),
    delivered_at timestamptz,
    failures integer not null default 0,
    last_error text,
    primary key (incident_id, channel, event)
);

-- Whether a process holds the build lock (warehouse/locks.py).
create or replace function ops.is_building()
returns boolean
language sql stable security definer
set search_path = ''
as $$
    select exists (
        select from pg_catalog.pg_locks
        where
            locktype = 'advisory' and granted and objsubid = 1 and classid = 0 and objid = 7305002
            and database = (select oid from pg_catalog.pg_database where datname = current_database())
    )
$$;

-- Sessions with prices after the last published one.
create or replace function ops.unpublished_sessions()
returns setof date
language sql stable security definer
set search_path = ''
as $$
    select days.calendar_date
    from raw.newest_calendar_days as days
    where
        days.is_session
        and days.calendar_date
        > coalesce((select max(as_of_date) from ops.publication_dates), date '-infinity')
        and exists (select from raw.prices where prices.price_date = days.calendar_date)
    order by days.calendar_date
$$;

-- Sessions after the last published one whose night should have ended: at UTC, its start plus the time that it may take.
create or replace function ops.overdue_sessions(now timestamptz, night_start time, may_take interval)
returns setof date
language sql stable security definer
set search_path = ''
as $$
    select days.calendar_date
    from raw.newest_calendar_days as days
    where
        days.is_session
        and days.calendar_date > (select max(as_of_date) from ops.publication_dates)
        and (days.calendar_date + $2) at time zone 'UTC' + $3 < $1
    order by days.calendar_date
$$;

-- What a monitor watches: counts and times only, so that the role of logins may ask for it.
create or replace function ops.health_counts(now timestamptz, night_start time, may_take interval)
returns table (
    unpublished_sessions bigint,
    overdue_sessions bigint,
    is_building boolean,
    last_session date,
    published_at timestamptz,
    undelivered_messages bigint,
    open_incidents json
)
language sql stable security definer
set search_path = ''
as $$
    select
        (select count(*) from ops.unpublished_sessions()),
        (select count(*) from ops.overdue_sessions($1, $2, $3)),
        ops.is_building(),
        (select max(as_of_date) from ops.publication_dates),
        (select max(publications.published_at) from ops.publications),
        (select count(*) from ops.incident_messages where delivered_at is null and failures > 0),
        (
            select coalesce(json_agg(counted), '[]')
            from (
                select kind, severity, count(*) as incidents
                from ops.incidents
                where resolved_at is null
                group by kind, severity
                order by kind, severity
            ) as counted
        )
$$;

revoke all on function
ops.is_building(), ops.unpublished_sessions(), ops.overdue_sessions(timestamptz, time, interval),
ops.health_counts(timestamptz, time, interval)
from public;
grant execute on function ops.health_counts(timestamptz, time, interval) to sigmasight_auth;
