"""The message of `sigmasight alarms test`."""

from datetime import UTC, datetime

from flows.alarms.incidents import Incident, Notice
from flows.alarms.messages import Message, make_message
from warehouse.settings import Settings


def trial_message(settings: Settings) -> Message:
    """A message about an incident that ended as soon as it began."""
    now = datetime.now(UTC)
    summary = "This is a trial of the channel: nothing is wrong."
    incident = Incident(0, "trial", "", "warning", summary, now, now)
    return make_message([Notice("resolved", incident)], settings.warehouse_database, now)
