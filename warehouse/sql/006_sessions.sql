-- Login sessions. A session begins with a login. It ends with a logout, when it expires, when the password changes or
-- the account is disabled, or when a refresh token is used a second time: then two parties hold the token, and neither
-- is trusted any longer.

-- token_hash: SHA-256 of the one refresh token that continues the session; the token itself is not stored.
create table if not exists ops.sessions (
    session_id uuid primary key,
    user_id uuid not null references ops.users on delete cascade,
    token_hash bytea not null,
    created_at timestamptz not null default now(),
    continued_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    check ((ended_at is null) = (end_reason is null))
);
alter table ops.sessions drop constraint if exists sessions_end_reason_check;
alter table ops.sessions add constraint sessions_end_reason_check
check (end_reason in ('logout', 'reuse', 'password', 'disabled', 'operator'));
create index if not exists sessions_user on ops.sessions (user_id);

grant select (session_id, user_id, expires_at, ended_at) on ops.sessions to sigmasight_auth;

-- The role that checks logins writes sessions through these functions; it has no other right to write.

-- An account that was disabled, or whose password changed, while a password was checked gets no session: nothing would
-- end it. password_hash: what the password was checked against. The row of the user is locked, so that a change of it
-- comes before, and is seen here, or after, and ends this session with the others. Returns whether it was opened.
drop function if exists ops.open_session(uuid, uuid, bytea, interval);
create or replace function ops.open_session(
    session_id uuid, user_id uuid, token_hash bytea, lifetime interval, password_hash text
)
returns boolean
language plpgsql security definer
set search_path = ''
as $$
declare
    is_open boolean;
begin
    insert into ops.sessions (session_id, user_id, token_hash, expires_at)
    select $1, users.user_id, $3, now() + $4
    from ops.users
    where users.user_id = $2 and users.is_active and users.password_hash = $5
    for share;
    is_open := found;
    delete from ops.sessions where sessions.user_id = $2 and expires_at < now();
    return is_open;
end
$$;

-- Replaces the refresh token. continued: it was replaced; reused: the token was replaced before, so the session is
-- ended; ended: the session no longer exists.
create or replace function ops.continue_session(session_id uuid, old_hash bytea, new_hash bytea)
returns text
language plpgsql security definer
set search_path = ''
as $$
declare
    known_hash bytea;
begin
    select sessions.token_hash into known_hash
    from ops.sessions
    where sessions.session_id = $1 and ended_at is null and expires_at > now()
    for update;
    if not found then
        return 'ended';
    end if;
    if known_hash <> $2 then
        update ops.sessions set ended_at = now(), end_reason = 'reuse' where sessions.session_id = $1;
        return 'reused';
    end if;
    update ops.sessions set token_hash = $3, continued_at = now() where sessions.session_id = $1;
    return 'continued';
end
$$;

create or replace function ops.end_session(session_id uuid)
returns void
language sql security definer
set search_path = ''
as $$
    update ops.sessions set ended_at = now(), end_reason = 'logout'
    where sessions.session_id = $1 and ended_at is null;
$$;

create or replace function ops.end_sessions(user_id uuid)
returns void
language sql security definer
set search_path = ''
as $$
    update ops.sessions set ended_at = now(), end_reason = 'logout'
    where sessions.user_id = $1 and ended_at is null;
$$;

revoke all on function ops.open_session(uuid, uuid, bytea, interval, text) from public;
revoke all on function ops.continue_session(uuid, bytea, bytea) from public;
revoke all on function ops.end_session(uuid) from public;
revoke all on function ops.end_sessions(uuid) from public;
grant execute on function ops.open_session(uuid, uuid, bytea, interval, text) to sigmasight_auth;
grant execute on function ops.continue_session(uuid, bytea, bytea) to sigmasight_auth;
grant execute on function ops.end_session(uuid) to sigmasight_auth;
grant execute on function ops.end_sessions(uuid) to sigmasight_auth;
