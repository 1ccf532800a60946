"""The one incident that the database cannot hold: that it cannot be reached.

It is kept in a file of the warehouse's folder, with the channels over which it was reported. The first
process that reaches the database again moves it there, where it ends like any other.
"""

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from flows.alarms.channels import channels_of
from flows.alarms.incidents import Incident, Notice
from flows.alarms.messages import make_message
from flows.database import Connection, value
from flows.errors import ChannelError
from flows.log_format import hide_secrets
from warehouse.connections import Warehouse
from warehouse.errors import WarehouseError
from warehouse.private_folders import make_private
from warehouse.settings import Settings, get_settings

logger = logging.getLogger(__name__)

KIND = "warehouse_unreachable"

ADOPT = """
insert into ops.incidents (kind, severity, summary, opened_at)
values (%s, 'critical', %s, least(%s, clock_timestamp()))
on conflict (kind, subject) where resolved_at is null do update set seen_at = clock_timestamp()
returning incident_id
"""

ADOPT_MESSAGES = """
insert into ops.incident_messages (incident_id, channel, event, delivered_at)
select %(incident_id)s, channel, 'opened', case when channel = any(%(sent)s) then clock_timestamp() end
from unnest(%(channels)s::text[]) as channel
on conflict do nothing
"""


class Kept(NamedTuple):
    """What the file holds: from when on, the error, and the channels over which it was reported."""

    since: datetime
    summary: str
    sent: tuple[str, ...]


def report_unreachable(settings: Settings, error: Exception) -> None:
    """Report once over each channel that the warehouse cannot be used. Raises nothing."""
    summary = hide_secrets(" ".join(str(error).split()), settings)
    before = _read(settings)
    since = datetime.now(UTC) if before is None else before.since
    sent = [] if before is None else list(before.sent)
    incident = Incident(0, KIND, "", "critical", summary, since, None)
    message = make_message([Notice("opened", incident)], settings.warehouse_database)
    for channel in channels_of(settings):
        if channel.name in sent:
            continue
        try:
            channel.send(message)
        except ChannelError as failure:
            logger.warning("Alarms were not sent over the channel %s: %s", channel.name, failure)
        else:
            sent.append(channel.name)
    _write(settings, Kept(since, summary, tuple(sent)))


def open_or_report(open_it: Callable[[], Warehouse]) -> Warehouse:
    """Open the warehouse; report it if that fails. Raises what `open_it` raises."""
    try:
        return open_it()
    except WarehouseError as error:
        report_unreachable(get_settings(), error)
        raise


def adopt(connection: Connection, settings: Settings) -> None:
    """Move the incident of the file, if there is one, to ops.incidents."""
    kept = _read(settings)
    if kept is None:
        return
    with connection.transaction():
        incident_id = value(connection, ADOPT, [KIND, kept.summary, kept.since])
        names = [channel.name for channel in channels_of(settings)]
        given = {"incident_id": incident_id, "sent": list(kept.sent), "channels": [*{*names, *kept.sent}]}
        connection.execute(ADOPT_MESSAGES.encode(), given)
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.warehouse_folder / f"unreachable_{settings.warehouse_database}.json"


def _read(settings: Settings) -> Kept | None:
    try:
        found = json.loads(_file(settings).read_text())
        return Kept(
            datetime.fromisoformat(found["since"]), str(found["summary"]), tuple(map(str, found["sent"]))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(settings: Settings, kept: Kept) -> None:
    draft = _file(settings).with_suffix(f".{os.getpid()}")
    text = json.dumps({**kept._asdict(), "since": kept.since.isoformat()})
    try:
        make_private(settings.warehouse_folder)
        draft.write_text(text)
        draft.replace(_file(settings))
    except OSError as error:
        logger.warning("The incident could not be kept in %s: %s", _file(settings), error)
