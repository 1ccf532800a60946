"""The form of a watch: it says what is wrong now. It decides nothing about messages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from flows.database import Connection
from warehouse.settings import Settings

Severity = Literal["warning", "critical"]
WARNING: Severity = "warning"
CRITICAL: Severity = "critical"


class Found(NamedTuple):
    """Something that is wrong. subject: with what, '' for the whole warehouse; one incident for each.

    sentence: for people, with the numbers of now.
    """

    subject: str
    sentence: str


@dataclass(frozen=True)
class View:
    """What watches read from. now: with a zone. last_session: the newest published one, None without any."""

    connection: Connection
    settings: Settings
    now: datetime
    last_session: date | None


@dataclass(frozen=True)
class Watch:
    """kind: of its incidents, a word that never changes. find: may raise psycopg.Error if it cannot know."""

    kind: str
    severity: Severity
    find: Callable[[View], Iterable[Found]]
