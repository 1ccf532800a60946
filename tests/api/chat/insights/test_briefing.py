"""A briefing is read from what the model wrote, and every figure of every text is looked up."""

import json
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from api.chat.insights.briefing import SCHEMA, Briefing, check_briefing, read_briefing
from api.chat.insights.kinds import KINDS
from api.chat.results import QueryResult

FORM = {
    "title": "A calm session",
    "summary": "Equity rose.",
    "key_findings": ["Technology leads.", "Cash fell."],
    "recommendations": [],
    "full_analysis": "### Session\n\nIt rose.",
}
READ = Briefing(
    "A calm session", "Equity rose.", ("Technology leads.", "Cash fell."), (), "### Session\n\nIt rose."
)
RESULT = QueryResult(
    query_id=uuid4(),
    statement="select 1",
    parameters={},
    columns=("equity", "daily_return"),
    rows=((Decimal("520730.50"), Decimal("0.0123")),),
    truncated=False,
    publication_id=1,
    as_of_date=None,
    published_at=None,
)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(FORM),
        json.dumps(FORM, ensure_ascii=True, indent=2),
        f"Let me look.\n\n{json.dumps(FORM)}",
        f"```json\n{json.dumps(FORM)}\n```",
        f"{json.dumps({**FORM, 'title': 'A draft'})}\n\n{json.dumps(FORM)}",
        f'{{"not": "the form"}} {json.dumps(FORM)}',
        json.dumps({**FORM, "title": "  A \n calm  session "}),
    ],
    ids=["plain", "indented", "text before", "fenced", "last of two", "other object", "spaces"],
)
def test_the_form_is_read_wherever_it_stands(text: str) -> None:
    assert read_briefing(text) == READ


def test_prose_of_a_server_without_forms_is_a_briefing_too() -> None:
    read = read_briefing("# A calm session\n\nEquity rose.\n\nMore about it.")
    assert read == Briefing(
        "A calm session", "Equity rose.", (), (), "# A calm session\n\nEquity rose.\n\nMore about it."
    )


@pytest.mark.parametrize(
    "broken", ["{", "{}", '{"title": 1}', json.dumps({**FORM, "key_findings": "One"}), '{"a":' * 5_000]
)
def test_a_broken_form_is_prose(broken: str) -> None:
    read = read_briefing(broken)
    assert read is not None
    assert read.full_analysis == broken


@pytest.mark.parametrize("empty", ["", "  \n "])
def test_nothing_is_no_briefing(empty: str) -> None:
    assert read_briefing(empty) is None


def test_a_long_title_is_shortened() -> None:
    read = read_briefing(json.dumps({**FORM, "title": "word " * 100}))
    assert read is not None
    assert len(read.title) <= 120
    assert read.title.endswith("…")


@pytest.mark.parametrize("field", list(FORM))
def test_a_wrong_figure_is_marked_in_every_text(field: str) -> None:
    right, wrong = "Equity is 520,730.50 USD.", "Equity is 520,730.51 USD."
    for text, count in ((right, 0), (wrong, 1)):
        value = (text,) if isinstance(FORM[field], list) else text
        checked = check_briefing(replace(READ, **{field: value}), [RESULT], [])
        assert checked.unverified == count, text
        shown = getattr(checked, field)
        assert ("520,730.51 [not verified] USD" in str(shown)) == bool(count)


def test_marks_of_the_model_and_of_the_first_check_are_not_doubled() -> None:
    marked = replace(READ, summary="It is 1.23 % [not verified], or 7.77 % [not verified].")
    checked = check_briefing(marked, [RESULT], [])
    assert checked.summary == "It is 1.23 %, or 7.77 % [not verified]."


def test_the_user_s_own_numbers_are_exempt() -> None:
    asked = replace(READ, summary="You asked for 33 % less.")
    assert check_briefing(asked, [RESULT], ["What if I sell 33 %?"]).unverified == 0
    assert check_briefing(asked, [RESULT], []).unverified == 1


def test_what_we_ask_has_no_numbers_which_would_be_exempt() -> None:
    assert not [name for name, kind in KINDS.items() if any(sign.isdigit() for sign in kind.request)]


def test_the_form_is_strict_as_the_protocol_wants_it() -> None:
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])
    assert SCHEMA["additionalProperties"] is False
