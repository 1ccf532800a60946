"""The drills notice what they are there for: a row that differs, an answer of no publication, a step back."""

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.drills.comparison import differences
from tests.drills.expected import Expected, significant
from tests.drills.readers import Reader, Tally
from tests.drills.report import BEGIN, END, PAGE, Run, findings, markdown
from tests.drills.trial import Outcome

BEFORE, AFTER = {"equity": 100, "publication_id": 1}, {"equity": 101, "publication_id": 2}
EXPECTED = Expected(1, ({("jane", "/x"): significant(BEFORE)}, {("jane", "/x"): significant(AFTER)}))


class Up:
    """A service that answers what it is given."""

    url, is_down = "http://api", False


def judged(*answers: httpx.Response | Exception) -> Tally:
    """What a reader says of these answers, in turn."""
    tally, given = Tally(), iter(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        found = next(given)
        if isinstance(found, Exception):
            raise found
        return found

    reader = Reader(Up(), EXPECTED, "jane", "secret", tally, _headers={"Authorization": "Bearer x"})  # type: ignore[arg-type]
    with httpx.Client(base_url="http://api", transport=httpx.MockTransport(answer)) as client:
        for _ in answers:
            reader.ask(client, "/x", is_conditional=True)
    return tally


def of(publication: int, body: Any) -> httpx.Response:
    return httpx.Response(200, json=body, headers={"X-Publication-Id": str(publication), "ETag": "e"})


def test_an_answer_of_each_publication_is_right() -> None:
    assert judged(of(1, BEFORE), httpx.Response(304), of(7, AFTER)).wrong == []


@pytest.mark.parametrize(
    "answers",
    [
        [of(1, {"equity": 100.5})],
        [of(1, AFTER)],
        [of(7, BEFORE)],
        [of(7, AFTER), of(1, BEFORE)],
        [httpx.Response(500, json={"code": "internal_error"})],
        [httpx.Response(404, json={"code": "not_found"})],
        [httpx.Response(503, json={})],
        [httpx.Response(503, json={"code": "nothing_published"})],
        [httpx.ReadTimeout("no answer")],
    ],
    ids=["mixed", "too new", "too old", "back", "500", "404", "503 without a code", "nothing", "no answer"],
)
def test_other_answers_are_wrong(answers: list[httpx.Response | Exception]) -> None:
    assert len(judged(*answers).wrong) == 1


@pytest.mark.parametrize("status", [401, 429, 503])
def test_an_honest_error_is_not_wrong(status: int) -> None:
    assert judged(httpx.Response(status, json={"code": "some_code"})).wrong == []


def test_a_refused_login_is_wrong() -> None:
    tally = Tally()
    reader = Reader(Up(), EXPECTED, "jane", "secret", tally)  # type: ignore[arg-type]
    refusal = httpx.MockTransport(lambda _: httpx.Response(401, json={"code": "invalid_credentials"}))
    with httpx.Client(base_url="http://api", transport=refusal) as client:
        reader.ask(client, "/x")
    assert len(tally.wrong) == 1


def test_rows_count_as_often_as_they_are_there() -> None:
    found, wanted = {"a": ["1", "1", "2"], "b": ["1"]}, {"a": ["1", "2"], "b": ["2"], "c": ["1"]}
    assert differences(found, wanted) == Counter(a=1, b=2, c=1)
    assert not differences(wanted, wanted)


def test_the_table_has_a_line_per_drill_and_names_what_is_wrong() -> None:
    bad = Outcome(
        1, Counter(API=2), Counter({"marts.fct_prices": 3}), Tally(Counter({"200": 5}), ["/x: 500"])
    )
    run = Run("python -m tests.drills", 7, {"kills": bad, "clock": Outcome(skipped="no faketime")}, 61)
    text = markdown(run)
    assert "| kills | 1 | 2 x API | 5 | 3 | 1 | 0 |" in text
    assert "| clock | 0 | skipped: no faketime |" in text
    assert "seed 7" in text
    assert findings(run.outcomes) == ["kills: 3 rows of marts.fct_prices differ", "kills: /x: 500"]
    assert not run.is_clean


def test_the_page_has_a_place_for_the_table() -> None:
    text = PAGE.read_text()
    assert 0 < text.index(BEGIN) < text.index(END)
