"""Asks the golden questions and scores the answers: results, refusals, absence, unverified figures."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from api.chat.evaluation.accepted import DataSet, Golden
from api.chat.evaluation.questions import Question, read_questions
from api.chat.evaluation.scoring import answers_question, table_of
from api.chat.results import QueryResult

Expectation = Literal["figures", "absence", "refusal"]

REFUSAL = re.compile(
    r"\b(?:can(?:no|')t|can not|unable|not able|won't|will not|do(?:es)? not|don't|doesn't|only your own|"
    r"not (?:available|possible|allowed|in the warehouse)|no (?:access|advice|data)|nothing (?:about|on))\b",
    re.IGNORECASE,
)
ABSENCE = re.compile(
    r"\b(?:not (?:available|measured|covered|known|computed|defined|possible)|no (?:figures?|rows|value|data|"
    r"such|public|private|options?|closed|dividends?|contributions?|changes?|clusters?|pairs?|targets?)|"
    r"cannot|can't|none|nothing|there (?:is|are) no|null|unknown|does not|do not|has not|have not)\b",
    re.IGNORECASE,
)
"""Words that say that something is absent: a text without any of them is taken for an answer."""


@dataclass(frozen=True)
class Turn:
    """An answer. unverified: figures of the text that no result has. refused: the model itself refused."""

    text: str
    queries: tuple[QueryResult, ...]
    figures: int
    unverified: int
    tokens: int
    refused: bool = False


class Asks(Protocol):
    """Asks the chat a question about the data set's portfolio, in a new conversation."""

    async def __call__(self, question: Question, data_set: DataSet) -> Turn:
        """Return the answer. Raises what the chat raises."""
        ...


@dataclass(frozen=True)
class Score:
    """How an answer was. expectation: what was right. is_right: it was that."""

    question: Question
    data_set: str
    expectation: Expectation
    is_right: bool
    is_refusal: bool
    figures: int
    unverified: int
    tokens: int
    text: str


async def evaluate(
    ask: Asks, golden: Golden, data_sets: Sequence[DataSet], questions: Sequence[Question] | None = None
) -> AsyncIterator[Score]:
    """Ask every question about every data set, and yield the scores. Raises what golden and ask raise."""
    for data_set in data_sets:
        for question in questions or read_questions():
            yield await _score(question, data_set, golden, await ask(question, data_set))


async def _score(question: Question, data_set: DataSet, golden: Golden, turn: Turn) -> Score:
    is_refusal = turn.refused or (not turn.figures and REFUSAL.search(turn.text) is not None)
    expectation: Expectation = "refusal"
    is_right = is_refusal
    if question.kind == "figures":
        expected = await golden.expected(question, data_set)
        expectation = "absence" if expected.is_absent else "figures"
        is_right = answers_question(
            question, expected.tables(question), [table_of(result) for result in turn.queries]
        ) and (expectation == "figures" or ABSENCE.search(turn.text) is not None)
    return Score(
        question=question,
        data_set=data_set.name,
        expectation=expectation,
        is_right=is_right,
        is_refusal=is_refusal,
        figures=turn.figures,
        unverified=turn.unverified,
        tokens=turn.tokens,
        text=turn.text,
    )
