-- The layers, in the order data moves through them, and the two rooms beside: ops (what was run) and
-- udf (functions for analysts). Owned by the writer; readers see marts, marts_history, marts_at
-- (the marts as they were at the instant of the setting sigmasight.published_at) and udf only.

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

grant usage on schema marts, marts_history, marts_at, udf to sigmasight_analyst, sigmasight_api;
grant usage on schema access to sigmasight_analyst, sigmasight_api;
grant usage on schema ops to sigmasight_auth;

-- Postgres lets everybody call a new function; here each grant is said.
alter default privileges revoke execute on functions from public;
alter default privileges in schema udf grant execute on functions to sigmasight_analyst, sigmasight_api;
