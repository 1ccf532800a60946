"""The table of a what-if says of how much its figures are, and how old a price is."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flows.summaries.what_if import FORMS, NAMES, Asked, WhatIf, print_what_if

DAY, OLD = date(2026, 1, 30), date(2025, 10, 31)
BETA = {"section": "betas", "model": "market", "part": "Market", "figure": "beta", "unit": "ratio"}


def row(coverage_before: float | None, coverage_after: float | None, **key: Any) -> dict[str, Any]:
    figures = {"value_before": 0.3712, "value_after": 0.3712, "value_change": 0.0}
    return {**key, **figures, "coverage_before": coverage_before, "coverage_after": coverage_after}


def lines(capsys: pytest.CaptureFixture[str], beta: dict[str, Any]) -> list[str]:
    trades = [
        {
            "symbol": symbol,
            "quantity": Decimal(-10),
            "price": Decimal("68.06"),
            "market_value": Decimal("-680.60"),
        }
        for symbol in ("HALTED", "TRADED")
    ]
    unit = next(iter(FORMS))
    others = [
        row(1.0, 1.0, section=section, model=None, part=None, figure=name, unit=unit)
        for section, names in NAMES.items()
        for name in names
    ]
    asked = Asked("Mine", UUID(int=1), Path("trades.csv"), DAY, "absorb")
    print_what_if(WhatIf(asked, DAY, trades, [beta, *others], {}, {"HALTED": OLD}))
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("before", "after", "measured"), [(0.17698, 0.976, "17%"), (0.976, 0.5, "50%"), (None, 0.5, "50%")]
)
def test_a_change_is_measured_as_far_as_the_side_with_less(
    capsys: pytest.CaptureFixture[str], before: float | None, after: float | None, measured: str
) -> None:
    (beta,) = [line for line in lines(capsys, row(before, after, **BETA)) if "Market (market)" in line]
    assert beta.split()[-1] == measured


def test_a_change_that_rounds_to_zero_has_no_sign(capsys: pytest.CaptureFixture[str]) -> None:
    unchanged = row(1.0, 1.0, **BETA) | {"value_change": -2.2e-16}
    (beta,) = [line for line in lines(capsys, unchanged) if "Market (market)" in line]
    assert beta.split()[-2] == "0.0000"


def test_a_price_of_an_earlier_day_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, row(1.0, 1.0, **BETA))
    assert "  sell 10 HALTED at 68.06 (the price of 2025-10-31, the last one): -680.60 USD" in shown
    assert "  sell 10 TRADED at 68.06: -680.60 USD" in shown
