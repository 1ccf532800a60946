"""The message of one occasion: what was opened and what ended, as text, JSON and in Slack's form."""

import hashlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flows.alarms.incidents import Notice

MOST_LINES = 50
LONGEST_LINE = 1000
FOOTER = "`sigmasight alarms list` shows what is open, `sigmasight status` the state of the warehouse."


@dataclass(frozen=True)
class Message:
    """notices: of one occasion. warehouse: its database and this host. sent_at: with a zone."""

    notices: tuple[Notice, ...]
    warehouse: str
    sent_at: datetime

    @property
    def headline(self) -> str:
        """How many were opened and ended, and where."""
        opened = [notice for notice in self.notices if notice.event == "opened"]
        ended = len(self.notices) - len(opened)
        is_critical = any(notice.incident.severity == "critical" for notice in opened)
        counts = (
            f"{len(opened)} {'alarm' if len(opened) == 1 else 'alarms'}" if opened else "",
            f"{ended} ended" if ended else "",
        )
        level = "CRITICAL" if is_critical else "WARNING" if opened else "OK"
        return f"{level}: {', '.join(filter(None, counts))} ({self.warehouse})"

    @property
    def key(self) -> str:
        """The same for every attempt to send the same notices."""
        named = [self.warehouse, *(f"{one.event} {one.incident.incident_id}" for one in self.notices)]
        return hashlib.sha256("\n".join(named).encode()).hexdigest()[:32]

    def lines(self) -> list[str]:
        """A line for each notice, cut where there are very many."""
        lines = [_line(notice) for notice in self.notices[:MOST_LINES]]
        more = len(self.notices) - MOST_LINES
        return [*lines, f"… and {more} more"] if more > 0 else lines

    def as_text(self) -> str:
        """The text of an e-mail."""
        return "\n\n".join([self.headline, *self.lines(), FOOTER]) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The body for ALARM_WEBHOOK_URL; documented in docs/alarms.md."""
        return {
            "version": 1,
            "source": "sigmasight",
            "warehouse": self.warehouse,
            "key": self.key,
            "sent_at": _iso(self.sent_at),
            "summary": self.headline,
            "incidents": [_as_json(notice) for notice in self.notices],
        }

    def as_slack(self) -> dict[str, Any]:
        """The body for an incoming webhook of Slack. What it reads as markup is escaped."""
        text = "\n".join([self.headline, *(f"• {line}" for line in self.lines())])
        return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def make_message(notices: Sequence[Notice], database: str, now: datetime | None = None) -> Message:
    """The message of these notices. now: default the present."""
    return Message(tuple(notices), f"{database} on {socket.gethostname()}", now or datetime.now(UTC))


def _line(notice: Notice) -> str:
    incident = notice.incident
    if notice.event == "opened" or incident.resolved_at is None:
        line = f"{incident.severity} {incident.kind}: {incident.summary}"
    else:
        lasted = f"{_utc(incident.opened_at)} to {_utc(incident.resolved_at)}"
        line = f"ended {incident.kind} ({lasted}). It was: {incident.summary}"
    line = " ".join(line.split())
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def _as_json(notice: Notice) -> dict[str, Any]:
    incident = notice.incident
    return {
        "event": notice.event,
        **incident._asdict(),
        "opened_at": _iso(incident.opened_at),
        "resolved_at": None if incident.resolved_at is None else _iso(incident.resolved_at),
    }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
