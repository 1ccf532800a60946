"""The status as one verdict for a monitor, with the exit codes that Nagios, Icinga and their like read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from flows.summaries.status import Run, Status
from flows.summaries.status_lines import gap_sentences, run_sentence, unpublished_sentence


class Level(IntEnum):
    """How a warehouse is; the value is the exit code."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Finding:
    """One thing that needs attention."""

    level: Level
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """All findings, the worst first."""

    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), default=Level.OK)

    def line(self, last_date: object) -> str:
        """The verdict in one line. last_date: the newest published session."""
        if not self.findings:
            return f"{Level.OK.name}: published up to {last_date}"
        sentences = "; ".join(finding.sentence.rstrip(".") for finding in self.findings)
        return f"{self.level.name}: {sentences}"


def check_status(status: Status) -> Verdict:
    """What needs attention.

    CRITICAL: numbers are missing, or the next run cannot publish any. WARNING: numbers are there, but some of
    their data are not, or one night is overdue.
    """
    return Verdict(tuple(sorted(_findings(status), key=lambda finding: -finding.level)))


def _findings(status: Status) -> Iterator[Finding]:
    if status.publication is None:
        yield Finding(Level.CRITICAL, "nothing is published")
    if status.code.message is not None:
        is_refused = status.code.layout != status.code.newest_layout
        yield Finding(Level.CRITICAL if is_refused else Level.WARNING, status.code.message)
    yield from _of_last_run(status)
    if status.unpublished_sessions and status.running is None:
        yield Finding(Level.WARNING, unpublished_sentence(status.unpublished_sessions))
    if status.withheld:
        names = ", ".join(each.portfolio_name for each in status.withheld)
        noun = "portfolio is" if len(status.withheld) == 1 else "portfolios are"
        yield Finding(Level.WARNING, f"{len(status.withheld)} {noun} withheld: {names}")
    if status.overdue_sessions:
        yield _of_overdue(status.overdue_sessions)
    for sentence in gap_sentences(status, with_missing=False):
        yield Finding(Level.WARNING, sentence)
    for failed in status.failed_loads:
        if not failed.is_mended:
            what = f"loads of {failed.dataset} from {failed.source} fail"
            yield Finding(Level.WARNING, f"{what}: {' '.join(failed.error.split())}")


def _of_overdue(sessions: tuple[date, ...]) -> Finding:
    if len(sessions) == 1:
        return Finding(Level.WARNING, f"the session {sessions[0]} is overdue")
    return Finding(
        Level.CRITICAL, f"{len(sessions):,} sessions are overdue, from {sessions[0]} to {sessions[-1]}"
    )


def _of_last_run(status: Status) -> Iterator[Finding]:
    """The newest run that is not running now, if it failed, died or had a warning."""
    is_building = status.running is not None
    ended = [run for run in status.runs if not (is_building and run.finished_at is None)]
    if not ended:
        return
    last: Run = ended[0]
    if last.finished_at is None or last.status in {"failed", "abandoned"}:
        yield Finding(Level.CRITICAL, run_sentence(last, is_building=False))
    elif last.error:
        yield Finding(Level.WARNING, run_sentence(last, is_building=False))
