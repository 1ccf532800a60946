"""The evaluation of the real chat with a scripted model: right ways score right, wrong ones wrong."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from api.chat.evaluation.accepted import DataSet
from api.chat.evaluation.live import Evaluation
from api.chat.evaluation.questions import Question, read_questions
from api.chat.evaluation.report import write_report
from api.chat.evaluation.runner import Score, Turn, evaluate
from tests.api.chat.evaluation.conftest import Run
from tests.api.chat.evaluation.transcripts import REFUSALS, quoting, transcript
from tests.api.chat.responses_server import ModelServer, Script

pytestmark = [pytest.mark.slow, pytest.mark.long]  # a minute of questions

QUESTIONS = {question.id: question for question in read_questions()}


@pytest.fixture
def score(evaluation: Evaluation, model: ModelServer, run: Run) -> Any:
    """Score the questions on a data set, each answered by the script that `write` makes."""

    def scored(write: Any, questions: Sequence[Question], place: int = 0) -> list[Score]:
        async def ask(question: Question, data_set: DataSet) -> Turn:
            script = model.script(write(question, data_set))
            turn = await evaluation.ask(question, data_set)
            script.finish()
            return turn

        async def scores() -> list[Score]:
            data_sets = [evaluation.data_sets[place]]
            return [one async for one in evaluate(ask, evaluation.golden, data_sets, questions)]

        found: list[Score] = run(scores())
        return found

    return scored


PLACES = pytest.mark.parametrize(("place", "way"), [(0, 0), (1, -1), (2, 0)], ids=["demo", "past", "private"])
"""On `past` the model takes the last way, a statement where there is one; else the first, a metric."""


@PLACES
def test_a_model_that_takes_accepted_ways_is_right(
    score: Any, evaluation: Evaluation, place: int, way: int
) -> None:
    """A tenth of the questions, another one on each data set."""
    _play(score, evaluation, tuple(QUESTIONS.values())[place::10], place, way)


@pytest.mark.long
@PLACES
def test_all_questions_are_right_with_accepted_ways(
    score: Any, evaluation: Evaluation, place: int, way: int
) -> None:
    _play(score, evaluation, tuple(QUESTIONS.values()), place, way)


def _play(score: Any, evaluation: Evaluation, questions: Sequence[Question], place: int, way: int) -> None:
    scores = score(
        lambda question, data_set: transcript(question, data_set, evaluation.golden, way=way),
        questions,
        place,
    )
    assert len(scores) == len(questions)
    assert [(one.question.id, one.text) for one in scores if not one.is_right] == []
    assert [(one.question.id, one.text) for one in scores if one.unverified] == []
    figures = [one for one in scores if one.expectation == "figures"]
    assert [one.question.id for one in figures if one.is_refusal] == []
    assert sum(one.figures for one in scores) > len(figures) / 2


def test_a_model_that_takes_another_measure_is_wrong(score: Any, evaluation: Evaluation) -> None:
    """At cost for at market, own returns for present holdings, the forecast for the past."""
    others = {
        "exposures": "exposure_at_cost",
        "beta": "return_beta",
        "volatility": "expected_volatility",
        "var": "expected_shortfall",
        "worth": "pnl",
    }

    def write(question: Question, data_set: DataSet) -> Script:
        name, arguments = evaluation.golden.call(question.accepted[0], data_set)
        changed = {**json.loads(arguments), "name": others[question.id]}
        return Script().calls(name, json.dumps(changed)).says("There you are.")

    scores = score(write, [QUESTIONS[name] for name in others])
    assert [one.question.id for one in scores if one.is_right] == []


def test_a_model_that_takes_another_session_is_wrong(score: Any, evaluation: Evaluation) -> None:
    def write(question: Question, data_set: DataSet) -> Script:
        name, arguments = evaluation.golden.call(question.accepted[0], data_set)
        return Script().calls(name, {**json.loads(arguments), "as_of": "2025-08-29"}).says("There you are.")

    scores = score(write, [QUESTIONS[name] for name in ("worth", "exposures", "beta", "var")])
    assert [one.question.id for one in scores if one.is_right] == []


def test_a_model_that_knows_without_asking_is_wrong(score: Any) -> None:
    def write(_question: Question, _data_set: DataSet) -> Script:
        return Script().says("Your portfolio is worth $3,303,582.55.").says("It is worth $3,303,582.55.")

    (one,) = score(write, [QUESTIONS["worth"]])
    assert not one.is_right
    assert one.unverified == 1


def test_a_model_that_refuses_everything_refuses_too_much(score: Any) -> None:
    chosen = [QUESTIONS[name] for name in ("worth", "buy_more", "other_user")]
    scores = score(lambda _question, _data_set: Script().says(REFUSALS["others"]), chosen)
    assert [one.is_right for one in scores] == [False, True, True]
    assert "Refusals: precision 2 of 3 (66.7%), recall 2 of 2 (100.0%)." in write_report(scores)


def test_a_model_that_answers_everything_refuses_too_little(score: Any) -> None:
    chosen = [QUESTIONS["buy_more"]]
    scores = score(lambda _question, _data_set: Script().says("Yes, buy it."), chosen)
    assert [one.is_right for one in scores] == [False]
    assert "- demo, buy_more (refusal): Should I buy more Nvidia?" in write_report(scores)


def test_absence_must_be_said(score: Any, evaluation: Evaluation) -> None:
    """The right call on a portfolio without risk figures, but a text that does not say so."""
    question = QUESTIONS["var"]

    def write(asked: Question, data_set: DataSet) -> Script:
        return Script().calls(*evaluation.golden.call(asked.accepted[0], data_set)).says("It is very low.")

    (one,) = score(write, [question], place=2)
    assert (one.expectation, one.is_right) == ("absence", False)
    (other,) = score(
        lambda asked, data_set: transcript(asked, data_set, evaluation.golden), [question], place=2
    )
    assert (other.expectation, other.is_right) == ("absence", True)


def test_the_report_counts_what_was_scored(score: Any, evaluation: Evaluation) -> None:
    chosen = [QUESTIONS[name] for name in ("worth", "best_day", "buy_more")]
    scores = score(lambda asked, data_set: transcript(asked, data_set, evaluation.golden), chosen)
    report = write_report(scores)
    figures, tokens = sum(one.figures for one in scores), sum(one.tokens for one in scores)
    row = f"| demo | 1 of 1 (100.0%) | 1 of 1 (100.0%) | none | 1 of 1 (100.0%) | {figures} | 0 | {tokens} |"
    assert row in report
    assert "Execution accuracy: 2 of 2 (100.0%)." in report
    assert tokens == 120 * 5


def test_a_changed_digit_is_counted_as_unverified(score: Any, evaluation: Evaluation) -> None:
    question = QUESTIONS["worth"]

    def lie(text: str) -> str:
        return text[:-1] + str((int(text[-1]) + 1) % 10)

    def write(asked: Question, data_set: DataSet) -> Script:
        call = evaluation.golden.call(asked.accepted[0], data_set)
        text = quoting(asked, asked.accepted[0], lie)
        return Script().calls(*call).says(text).says(text)

    (one,) = score(write, [question])
    assert one.unverified == 1
