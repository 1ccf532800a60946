"""Option symbols: both directions, and invalid ones."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.market.occ import OptionContract, build_occ, looks_like_occ, parse_occ

contracts = st.builds(
    OptionContract,
    st.from_regex(r"[A-Z]{1,6}", fullmatch=True),
    st.dates(date(2000, 1, 1), date(2068, 12, 31)),
    st.sampled_from(["CALL", "PUT"]),
    st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths) / 1000),
)


@given(contracts)
def test_parsing_undoes_building(contract: OptionContract) -> None:
    symbol = build_occ(contract)
    assert symbol is not None
    parsed = parse_occ(symbol)
    if contract.underlying_symbol not in {"BRKA", "BRKB", "BFA", "BFB", "SPXW", "NDXP", "RUTW", "VIXW"}:
        assert parsed == contract


def test_parse_occ_reads_every_term() -> None:
    expected = OptionContract("AAPL", date(2025, 8, 15), "PUT", Decimal(200))
    assert parse_occ("AAPL250815P00200000") == expected


@pytest.mark.parametrize(
    "symbol",
    [
        "AAPL",
        "AAPL250815X00200000",
        "AAPL251332C00200000",
        "AAPL250815C00000000",
        "TOOLONGX250815C00200000",
        "",
    ],
    ids=["stock", "type", "impossible_day", "zero_strike", "long_root", "empty"],
)
def test_an_invalid_option_symbol_parses_to_none(symbol: str) -> None:
    assert parse_occ(symbol) is None


def test_looks_like_occ_checks_only_the_form() -> None:
    assert looks_like_occ("AAPL251332C00200000")
    assert not looks_like_occ("AAPL")


def test_share_classes_survive_a_round_trip() -> None:
    contract = OptionContract("BRK-B", date(2025, 8, 15), "CALL", Decimal("412.5"))
    assert build_occ(contract) == "BRKB250815C00412500"
    assert parse_occ("BRKB250815C00412500") == contract


def test_weekly_index_options_have_the_index_as_underlying() -> None:
    parsed = parse_occ("SPXW250815C06000000")
    assert parsed is not None
    assert parsed.underlying_symbol == "SPX"


@pytest.mark.parametrize("strike", [Decimal("0.0005"), Decimal(100_000), Decimal(0), Decimal(-1)])
def test_a_strike_that_does_not_fit_has_no_symbol(strike: Decimal) -> None:
    assert build_occ(OptionContract("AAPL", date(2025, 8, 15), "CALL", strike)) is None
