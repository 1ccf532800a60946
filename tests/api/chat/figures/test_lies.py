"""A scripted model that lies by one unit in the last shown digit is caught by the running chat.

Words for figures ("doubled") are out of scope: see docs/chat.md.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from api.chat.figures.checker import NOT_VERIFIED
from tests.api.chat.responses_server import ModelRequest, Script
from tests.api.chat.turn.chat_client import Asking
from tests.api.chat.turn.conftest import chat, make_chat  # noqa: F401 - fixtures

FIGURES = """
select equity, daily_pnl, daily_return, (select count(*) from dim_positions) as position_count
from fct_portfolio_snapshots order by as_of_date desc limit 1
"""
Say = Callable[[Decimal], str]


def money(value: Decimal, off: int = 0) -> str:
    return f"${value.quantize(Decimal('0.01')) + off * Decimal('0.01'):,.2f}"


def millions(value: Decimal, off: int = 0) -> str:
    return f"${(value / 10**6).quantize(Decimal('0.001')) + off * Decimal('0.001')} million"


def percent(value: Decimal, off: int = 0) -> str:
    return f"{(100 * value).quantize(Decimal('0.01')) + off * Decimal('0.01')} %"


def count(value: Decimal, off: int = 0) -> str:
    return f"{int(value) + off} positions"


def opposite(value: Decimal, off: int = 0) -> str:
    return money(-value if off else value).replace("$-", "-$")


KINDS: dict[str, tuple[str, Callable[..., str]]] = {
    "money": ("equity", money),
    "millions": ("equity", millions),
    "percent": ("daily_return", percent),
    "count": ("position_count", count),
    "sign": ("daily_pnl", opposite),
}


def saying(kind: str, off: int) -> Callable[[ModelRequest], str]:
    column, show = KINDS[kind]

    def say(request: ModelRequest) -> str:
        result: Any = request.last_output
        value = Decimal(str(result["rows"][0][result["columns"].index(column)]))
        return f"The figure is {show(value, off)} as of the last session."

    return say


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_lie_by_one_unit_is_caught(chat: Asking, kind: str, off: int) -> None:  # noqa: F811
    script = Script().calls("sql", {"statement": FIGURES, "purpose": "figures"})
    streamed = chat.ask(script.says(saying(kind, off)).says(saying(kind, off)))
    assert streamed.done["unverified"] == 1
    assert NOT_VERIFIED in streamed.done["final_text"]
    assert [figure["verified"] for figure in streamed.done["figures"]] == [False]


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_not(chat: Asking, kind: str) -> None:  # noqa: F811
    script = Script().calls("sql", {"statement": FIGURES, "purpose": "figures"})
    streamed = chat.ask(script.says(saying(kind, 0)))
    assert streamed.done["unverified"] == 0
    assert NOT_VERIFIED not in streamed.done["final_text"]
    (figure,) = streamed.done["figures"]
    assert figure["column"] == KINDS[kind][0]
    assert figure["query_id"] == streamed.done["queries"][0]["query_id"]
