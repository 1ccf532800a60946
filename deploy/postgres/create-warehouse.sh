#!/bin/sh
# Create the database, its administrator `sigmasight`, who is no superuser, and the chat's database. The server's superuser
# runs it once: the image of PostgreSQL when its volume is empty, or you, with the variables of libpq (PGHOST, PGUSER, ...).
# WAREHOUSE_PASSWORD is the administrator's.
set -eu
: "${WAREHOUSE_PASSWORD:?set it to the password of the role sigmasight}"
export WAREHOUSE_PASSWORD
run() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-${PGUSER:-postgres}}" "$@"; }

run --dbname=postgres <<'SQL'
\getenv password WAREHOUSE_PASSWORD
create role sigmasight login createrole password :'password';
set role sigmasight;
create role sigmasight_ai login;
grant sigmasight_ai to sigmasight;
reset role;
create database sigmasight owner sigmasight
    template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8';
create database sigmasight_ai owner sigmasight_ai
    template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8';
revoke all on database sigmasight_ai from public;
SQL
for database in sigmasight sigmasight_ai; do
    run --dbname="$database" --command="create extension vector schema public"
done
