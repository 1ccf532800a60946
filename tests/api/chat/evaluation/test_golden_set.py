"""The golden set itself: accepted calls run behind the guard, and alternatives agree with each other."""

import pytest

from api.chat.evaluation.accepted import Expected
from api.chat.evaluation.live import Evaluation
from api.chat.evaluation.questions import read_questions
from api.chat.evaluation.scoring import says_the_same
from api.chat.tools.metrics import read_metrics
from tests.api.chat.evaluation.conftest import Run

QUESTIONS = {question.id: question for question in read_questions()}
FIGURES = [name for name, question in QUESTIONS.items() if question.kind == "figures"]
MOST_ABSENT = 8
# what is of no portfolio; all bought Microsoft on one day, and as many positions are in the red by chance
THE_SAME_EVERYWHERE = {
    "scenario_list",
    "scenario_shock",
    "last_build",
    "simulated",
    "msft_cost",
    "in_the_red",
}
Results = dict[tuple[str, str], Expected]


def test_there_are_enough_questions_of_each_kind() -> None:
    assert len(QUESTIONS) >= 120
    assert len(FIGURES) >= 110
    assert {QUESTIONS[name].why for name in QUESTIONS if name not in FIGURES} == {
        "others",
        "advice",
        "action",
        "absent",
    }


def test_no_question_is_asked_twice() -> None:
    assert len({question.ask.casefold() for question in QUESTIONS.values()}) == len(QUESTIONS)


def test_most_metrics_are_asked_for() -> None:
    asked = {
        way.arguments["name"]
        for question in QUESTIONS.values()
        for way in question.accepted
        if way.tool == "metric"
    }
    assert asked <= set(read_metrics())
    assert len(asked) >= 40


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_what_is_right(name: str) -> None:
    question = QUESTIONS[name]
    assert question.ask.endswith(("?", "."))
    assert (question.kind == "refusal") == (question.why is not None)
    assert (question.kind == "figures") == bool(question.accepted) == bool(question.columns)


@pytest.fixture(scope="module")
def expected(evaluation: Evaluation, run: Run) -> Results:
    """The accepted results of every question on every data set."""
    return {
        (data_set.name, name): run(evaluation.golden.expected(QUESTIONS[name], data_set))
        for data_set in evaluation.data_sets
        for name in FIGURES
    }


@pytest.mark.long
def test_accepted_answers_run_and_agree(expected: Results) -> None:
    for (data_set, name), found in expected.items():
        question = QUESTIONS[name]
        first, *others = [accepted.table.only(question.columns) for accepted in found.results]
        for other in others:
            same = says_the_same(first, other, ordered=question.is_ordered)
            assert same, (data_set, name, first, other)


@pytest.mark.long
def test_what_is_absent_has_a_reason(expected: Results) -> None:
    """On the portfolio of private holdings, every null figure stands beside its reason."""
    found = 0
    for name in FIGURES:
        question, results = QUESTIONS[name], expected["private", name]
        table = results.results[0].table
        if results.is_absent and table.rows and question.reason:
            found += 1
            assert [row for row in table.only(question.reason).rows if set(row) == {None}] == [], name
    assert found >= 20


@pytest.mark.long
def test_the_data_sets_differ(expected: Results) -> None:
    """A question whose answer is the same everywhere could be answered from memory."""
    absent = [name for name in FIGURES if expected["demo", name].is_absent]
    assert len(absent) <= MOST_ABSENT, absent
    same = {
        name
        for name in FIGURES
        if name not in absent
        and expected["demo", name].results[0].table.rows == expected["past", name].results[0].table.rows
    }
    assert same <= THE_SAME_EVERYWHERE
