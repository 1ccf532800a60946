"""Compare the incidents with what is wrong now, and report what was opened and what ended.

This happens at the end of each run, from `sigmasight alarms check` and from a running schedule. A message
that cannot be delivered is kept, and tried again on the next of these occasions.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from flows.alarms.channels import Channel, channels_of
from flows.alarms.incidents import (
    Incident,
    Notice,
    due_notices,
    mark_delivered,
    mark_failed,
    open_incidents,
    record,
)
from flows.alarms.messages import make_message
from flows.alarms.unreachable import adopt, report_unreachable
from flows.alarms.watches.all_watches import WATCHES, look
from flows.alarms.watches.watch import View, Watch
from flows.database import Connection, value
from flows.errors import AlarmsBusyError, ChannelError
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse
from warehouse.errors import WarehouseError
from warehouse.locks import ALARM_LOCK

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=2)
LIMITS = "select set_config('lock_timeout', '5s', false), set_config('statement_timeout', '60s', false)"
"""For each statement of a watch: a lock that a build never gave back must not hold up its alarm too."""

LAST_SESSION = "select max(as_of_date) from ops.publication_dates"


@dataclass(frozen=True)
class Report:
    """What one occasion found. unknown: kinds that could not be checked. failed: why, by channel."""

    incidents: tuple[Incident, ...]
    unknown: frozenset[str] = frozenset()
    sent: dict[str, tuple[Notice, ...]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def report_alarms(warehouse: Warehouse, watches: tuple[Watch, ...] = WATCHES) -> Report:
    """Look, record, and deliver what is due.

    Raises WarehouseError or psycopg.Error when the database cannot be used, and AlarmsBusyError; not when a
    channel fails.
    """
    channels = channels_of(warehouse.settings)
    with (
        warehouse.connect_writer(application_name=process_name("alarms"), autocommit=True) as connection,
        _alone(connection),
    ):
        connection.execute(LIMITS)
        adopt(connection, warehouse.settings)
        last = value(connection, LAST_SESSION)
        seen = look(View(connection, warehouse.settings, datetime.now(UTC), last), watches)
        record(connection, seen, [channel.name for channel in channels])
        report = Report(tuple(open_incidents(connection)), seen.unknown)
        for channel in channels:
            _deliver(connection, channel, report)
    return report


def report_quietly(warehouse: Warehouse) -> None:
    """report_alarms where nothing may fail because of it: an error is logged as a warning."""
    try:
        report_alarms(warehouse)
    except Exception as error:  # noqa: BLE001 - alarms never fail a night
        logger.warning("Alarms could not be checked: %s", " ".join(str(error).split()))
        if _is_unreachable(error):
            report_unreachable(warehouse.settings, error)


def _is_unreachable(error: Exception) -> bool:
    """Whether the database cannot be used: no connection, no resources, or it is shutting down."""
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate.startswith(("08", "53", "57P"))
    return isinstance(error, WarehouseError)


@contextmanager
def alarms_reported(warehouse: Warehouse) -> Iterator[None]:
    """Report alarms after the body, also when it failed; not when somebody stopped it."""
    try:
        yield
    except Exception:
        report_quietly(warehouse)
        raise
    report_quietly(warehouse)


def _deliver(connection: Connection, channel: Channel, report: Report) -> None:
    """Send what is due over the channel as one message, and record the outcome."""
    notices = due_notices(connection, channel.name)
    if not notices:
        return
    try:
        notice = channel.send(make_message(notices, connection.info.dbname))
    except ChannelError as error:
        logger.warning("Alarms were not sent over the channel %s: %s", channel.name, error)
        mark_failed(connection, channel.name, notices, str(error))
        report.failed[channel.name] = str(error)
        return
    mark_delivered(connection, channel.name, notices)
    report.sent[channel.name] = tuple(notices)
    logger.info("%d alarms were sent over the channel %s", len(notices), channel.name)
    if notice is not None:
        logger.warning("Alarms were sent over the channel %s, but %s", channel.name, notice)


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One process at a time: each would report the same. Raises AlarmsBusyError."""
    connection.execute("select set_config('lock_timeout', %s, false)", [f"{PATIENCE.total_seconds()}s"])
    try:
        connection.execute("select pg_advisory_lock(%s)", [ALARM_LOCK])
    except psycopg.errors.LockNotAvailable as error:
        raise AlarmsBusyError(
            f"Another process has been reporting alarms for {PATIENCE}: the next check tries again."
        ) from error
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [ALARM_LOCK])
