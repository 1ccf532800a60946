"""All watches, and one look through them."""

import logging
from typing import NamedTuple

import psycopg

from flows.alarms.watches import holes, nights, quarantine
from flows.alarms.watches.watch import Found, Severity, View, Watch
from flows.log_format import hide_secrets

logger = logging.getLogger(__name__)

UNREADABLE = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
)

WATCHES: tuple[Watch, ...] = (*nights.WATCHES, *quarantine.WATCHES, *holes.WATCHES)
"""A new alarm is one more watch here; incidents of a kind that no watch has are ended."""


class Finding(NamedTuple):
    """What a watch found, with the watch's kind and severity."""

    kind: str
    severity: Severity
    subject: str
    sentence: str


class Look(NamedTuple):
    """What all watches found. unknown: kinds whose watch could not read what it needs."""

    findings: tuple[Finding, ...]
    unknown: frozenset[str]


def look(view: View, watches: tuple[Watch, ...] = WATCHES) -> Look:
    """What is wrong now. A watch that cannot read is logged, and says neither yes nor no."""
    findings: list[Finding] = []
    unknown: set[str] = set()
    for watch in watches:
        try:
            found = [_finding(watch, one, view) for one in watch.find(view)]
        except UNREADABLE as error:
            logger.warning("The alarm %s cannot be checked: %s", watch.kind, " ".join(str(error).split()))
            unknown.add(watch.kind)
        else:
            findings += found
    return Look(tuple(findings), frozenset(unknown))


def _finding(watch: Watch, found: Found, view: View) -> Finding:
    """The finding, without secrets: it quotes errors, and leaves the machine."""
    return Finding(watch.kind, watch.severity, found.subject, hide_secrets(found.sentence, view.settings))
