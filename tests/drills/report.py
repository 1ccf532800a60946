"""The table of the drills, on the console and in docs/reliability.md."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flows.pipeline.publish import git_revision
from tests.drills.trial import Outcome
from warehouse.settings import project_root

PAGE = project_root() / "docs" / "reliability.md"
BEGIN, END = "<!-- drills: begin -->", "<!-- drills: end -->"
HEADER = ("drill", "rounds", "faults injected", "answers", "differences", "wrong answers", "seconds")
WRONG_SHOWN = 10


@dataclass(frozen=True)
class Run:
    """All drills of one command, by name. seconds: of the whole run, builds included."""

    command: str
    seed: int
    outcomes: Mapping[str, Outcome]
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether no drill found a difference or a wrong answer."""
        return all(outcome.is_clean for outcome in self.outcomes.values())


def markdown(run: Run) -> str:
    """The sentence about the run, and the table."""
    made = (
        f"Made on {datetime.now(UTC):%Y-%m-%d} at commit {git_revision()} by `{run.command}`, seed "
        f"{run.seed}, in {run.seconds / 60:.0f} minutes."
    )
    rows = [_row(name, outcome) for name, outcome in run.outcomes.items()]
    return "\n".join([made, "", *_table([HEADER, ["---", *["---:"] * 6], *rows])]) + "\n"


def _row(name: str, outcome: Outcome) -> list[str]:
    if outcome.skipped:
        return [name, "0", f"skipped: {outcome.skipped}", "", "", "", ""]
    faults = ", ".join(f"{count} x {kind}" for kind, count in sorted(outcome.faults.items()))
    return [
        name,
        str(outcome.rounds),
        faults,
        f"{sum(outcome.tally.answers.values()):,}",
        str(outcome.differences.total()),
        str(len(outcome.tally.wrong)),
        f"{outcome.seconds:.0f}",
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in rows]


def findings(outcomes: Mapping[str, Outcome]) -> list[str]:
    """The differences and the first wrong answers of each drill, as lines."""
    lines = []
    for name, outcome in outcomes.items():
        lines += [f"{name}: {count} rows of {mart} differ" for mart, count in outcome.differences.items()]
        lines += [f"{name}: {text}" for text, _ in Counter(outcome.tally.wrong).most_common(WRONG_SHOWN)]
    return lines


def write_page(report: str) -> None:
    """Put the report between the marks of docs/reliability.md. Raises ValueError if they are missing."""
    text = PAGE.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no lines `{BEGIN}` and `{END}` for the table.")
    PAGE.write_text(f"{before}{BEGIN}\n{report}{END}{after}")
