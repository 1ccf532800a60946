"""Incidents in ops.incidents: opened, seen again, ended; and the messages that are due for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from flows.alarms.watches.all_watches import Look
from flows.database import Connection, rows

Event = Literal["opened", "resolved"]

OPEN = """
insert into ops.incidents (kind, subject, severity, summary)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[])
on conflict (kind, subject) where resolved_at is null
do update set summary = excluded.summary, severity = excluded.severity, seen_at = clock_timestamp()
"""

# A clock that was set back ends no incident before it began.
RESOLVE = """
update ops.incidents set resolved_at = greatest(clock_timestamp(), opened_at)
where
    resolved_at is null
    and kind <> all(%(unknown)s::text[])
    and (kind, subject) not in (select * from unnest(%(kinds)s::text[], %(subjects)s::text[]))
"""

QUEUE_OPENED = """
insert into ops.incident_messages (incident_id, channel, event)
select incident_id, channel, 'opened'
from ops.incidents, unnest(%(channels)s::text[]) as channel
where resolved_at is null
on conflict do nothing
"""

# Over the channels on which the beginning was reported, or tried.
QUEUE_RESOLVED = """
insert into ops.incident_messages (incident_id, channel, event)
select incident_id, channel, 'resolved'
from ops.incident_messages as messages
join ops.incidents using (incident_id)
where messages.event = 'opened' and incidents.resolved_at is not null
on conflict do nothing
"""

# The message of the end tells the beginning too.
DROP_OVERTAKEN = """
delete from ops.incident_messages as messages
using ops.incidents
where
    messages.incident_id = incidents.incident_id
    and incidents.resolved_at is not null and messages.event = 'opened' and messages.delivered_at is null
"""

COLUMNS = "incident_id, kind, subject, severity, summary, opened_at, resolved_at"

DUE = f"""
select event, {COLUMNS}
from ops.incident_messages as messages
join ops.incidents using (incident_id)
where messages.channel = %s and messages.delivered_at is null
order by event, incident_id
"""

DELIVERED = """
update ops.incident_messages set delivered_at = clock_timestamp(), last_error = null
from unnest(%(ids)s::bigint[], %(events)s::text[]) as sent (incident_id, event)
where
    incident_messages.channel = %(channel)s
    and incident_messages.incident_id = sent.incident_id and incident_messages.event = sent.event
"""

FAILED = """
update ops.incident_messages set failures = failures + 1, last_error = %(error)s
from unnest(%(ids)s::bigint[], %(events)s::text[]) as sent (incident_id, event)
where
    incident_messages.channel = %(channel)s
    and incident_messages.incident_id = sent.incident_id and incident_messages.event = sent.event
"""

LIST = f"""
select {COLUMNS} from ops.incidents
where resolved_at is null or %(ended)s
order by resolved_at desc nulls first, severity, incident_id desc
limit %(limit)s
"""


class Incident(NamedTuple):
    """A row of ops.incidents."""

    incident_id: int
    kind: str
    subject: str
    severity: str
    summary: str
    opened_at: datetime
    resolved_at: datetime | None


class Notice(NamedTuple):
    """What a message says of an incident: that it was opened, or that it ended."""

    event: Event
    incident: Incident


def record(connection: Connection, seen: Look, channels: Sequence[str]) -> None:
    """Open what was found, end what is over, and queue a message for each channel; one transaction."""
    columns = ("kind", "subject", "severity", "sentence")
    found = {name: [getattr(finding, name) for finding in seen.findings] for name in columns}
    with connection.transaction():
        connection.execute(OPEN.encode(), list(found.values()))
        known = {"kinds": found["kind"], "subjects": found["subject"], "unknown": sorted(seen.unknown)}
        connection.execute(RESOLVE.encode(), known)
        connection.execute(QUEUE_OPENED.encode(), {"channels": list(channels)})
        connection.execute(QUEUE_RESOLVED.encode())
        connection.execute(DROP_OVERTAKEN.encode())


def due_notices(connection: Connection, channel: str) -> list[Notice]:
    """What was not delivered yet over the channel."""
    return [Notice(event, Incident(*found)) for event, *found in rows(connection, DUE, [channel])]


def mark_delivered(connection: Connection, channel: str, notices: Iterable[Notice]) -> None:
    connection.execute(DELIVERED.encode(), _keys(channel, notices))


def mark_failed(connection: Connection, channel: str, notices: Iterable[Notice], error: str) -> None:
    connection.execute(FAILED.encode(), {**_keys(channel, notices), "error": error})


def open_incidents(connection: Connection) -> list[Incident]:
    """What is wrong, the critical first."""
    return list_incidents(connection, ended=False)


def list_incidents(connection: Connection, *, ended: bool, limit: int = 1000) -> list[Incident]:
    """The open incidents, and with `ended` those that are over, newest first."""
    return [Incident(*found) for found in rows(connection, LIST, {"ended": ended, "limit": limit})]


def _keys(channel: str, notices: Iterable[Notice]) -> dict[str, object]:
    chosen = list(notices)
    return {
        "channel": channel,
        "ids": [notice.incident.incident_id for notice in chosen],
        "events": [notice.event for notice in chosen],
    }
