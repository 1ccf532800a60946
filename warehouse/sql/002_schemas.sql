-- The layers, in the order data moves through them; besides, ops (operational records), access (the row filter)
-- and udf (functions for analysts). Owned by the writer. Readers see only marts, marts_history, marts_at (the marts
-- as of the setting sigmasight.published_at) and udf.

create schema if not exists raw;
create schema if not exists ops;
create schema if not exists access;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists published;
create schema if not exists marts;
create schema if not exists marts_history;
create schema if not exists marts_at;
create schema if not exists udf;

comment on schema marts is 'Current figures: the newest publication of each portfolio and date.';
comment on schema marts_history is 'All publications of the marts, with published_at and superseded_at.';
comment on schema marts_at is 'The marts as published at the instant of the setting sigmasight.published_at.';
comment on schema udf is 'Functions: prices and Greeks of options, statistics of several portfolios.';

grant usage on schema marts, marts_history, marts_at, udf, access
to sigmasight_analyst, sigmasight_api, sigmasight_chat;
grant usage on schema ops to sigmasight_auth;

-- PostgreSQL lets every role call a new function; here each grant is explicit.
alter default privileges revoke execute on functions from public;
alter default privileges in schema udf grant execute on functions
to sigmasight_analyst, sigmasight_api, sigmasight_chat;

-- A warehouse from before the role sigmasight_chat has views and functions without its grant.
grant select on all tables in schema marts, marts_history, marts_at to sigmasight_chat;
do $$
begin
    if to_regclass('marts.fct_loads') is not null then
        revoke select on marts.fct_loads, marts_at.fct_loads from sigmasight_api, sigmasight_chat;
    end if;
end
$$;
grant execute on all functions in schema udf to sigmasight_chat;
