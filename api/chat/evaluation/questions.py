"""The golden questions: what users ask, and the metric calls or statements that answer it.

The files in questions/ hold one list each. In statements :P is the portfolio, :D the session of a data set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import yaml

FOLDER = Path(__file__).parent / "questions"

Kind = Literal["figures", "refusal"]


@dataclass(frozen=True)
class Alternative:
    """One accepted way to the answer: a call of a tool, and which rows of its result are meant.

    where: cells of the rows that are meant. first, last: only so many rows from one end.
    """

    tool: Literal["metric", "sql"]
    arguments: Mapping[str, Any]
    where: Mapping[str, str]
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Question:
    """A golden question. columns: those that are asked for. reason: columns that say why a figure is null.

    kind: refusal, if it must not be answered with figures; why: others (rows of other users), advice, action
    (the warehouse is read-only) or absent (it is not in the warehouse). is_ordered: the order is asked for.
    """

    id: str
    group: str
    ask: str
    kind: Kind
    why: str | None
    columns: tuple[str, ...]
    reason: tuple[str, ...]
    is_ordered: bool
    accepted: tuple[Alternative, ...]

    @property
    def has_metric(self) -> bool:
        """Whether a governed metric answers it."""
        return any(alternative.tool == "metric" for alternative in self.accepted)


@cache
def read_questions() -> tuple[Question, ...]:
    """All questions, in the order of the files. Raises ValueError for an id that is not unique."""
    questions = [
        _question(entry, path.stem)
        for path in sorted(FOLDER.glob("*.yml"))
        for entry in yaml.safe_load(path.read_text("utf-8"))
    ]
    if len({question.id for question in questions}) != len(questions):
        message = "ids of golden questions must be unique"
        raise ValueError(message)
    return tuple(questions)


def statement_for(text: str, portfolio_id: UUID, session: date) -> str:
    """The statement of a data set, with its portfolio and session as literals."""
    return text.strip().replace(":P", f"'{portfolio_id}'").replace(":D", f"date '{session}'")


def _question(entry: Mapping[str, Any], group: str) -> Question:
    kind: Kind = entry.get("kind", "figures")
    return Question(
        id=entry["id"],
        group=group,
        ask=entry["ask"],
        kind=kind,
        why=entry.get("why"),
        columns=tuple(entry.get("columns", ())),
        reason=tuple(entry.get("reason", ())),
        is_ordered=entry.get("ordered", False),
        accepted=tuple(_alternative(way) for way in _ways(entry)),
    )


def _ways(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    own = [{key: entry[key]} for key in ("metric", "sql") if key in entry]
    return [*own, *entry.get("also", ())]


def _alternative(way: Mapping[str, Any]) -> Alternative:
    if "sql" in way:
        return Alternative("sql", {"statement": way["sql"]}, {})
    metric = dict(way["metric"])
    where = {name: str(value) for name, value in metric.pop("where", {}).items()}
    first, last = metric.pop("first", None), metric.pop("last", None)
    return Alternative("metric", metric, where, first, last)
