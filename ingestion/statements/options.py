"""Options in a positions file: the contract from the option columns, from the OCC symbol, or from both."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ingestion.files.csv_reader import parse_date, parse_number
from ingestion.market.occ import (
    OptionContract,
    OptionType,
    build_occ,
    is_root,
    looks_like_occ,
    occ_root,
    parse_occ,
)
from ingestion.market.symbols import VALID_SYMBOL, normalize_symbol
from ingestion.statements.columns import EXPIRATION, OPTION_TYPE, STRIKE, SYMBOL, UNDERLYING, Row
from ingestion.statements.values import not_a_date

_OPTION_TYPES: Mapping[str, OptionType] = {"CALL": "CALL", "C": "CALL", "PUT": "PUT", "P": "PUT"}


def read_contract(row: Row, symbol: str) -> OptionContract | None:
    """The contract, each term from its column, else from the OCC symbol."""
    from_symbol = parse_occ(symbol)
    if looks_like_occ(symbol) and from_symbol is None:
        row.error(21, SYMBOL, f"Symbol {symbol} has an impossible date or strike; correct it.")
        return None
    strike = _strike(row, from_symbol)
    expiration = _expiration(row, from_symbol)
    option_type = _option_type(row, from_symbol)
    underlying = normalize_symbol(row[UNDERLYING])
    if underlying and not VALID_SYMBOL.fullmatch(underlying):
        row.error(19, UNDERLYING, f"Underlying Symbol {row[UNDERLYING]!r} is not a valid symbol; correct it.")
        return None
    if not underlying and from_symbol is not None:
        underlying = from_symbol.underlying_symbol
    if not underlying:
        row.error(19, UNDERLYING, "An option needs its Underlying Symbol; fill it in.")
    if not underlying or strike is None or expiration is None or option_type is None:
        return None
    return OptionContract(underlying, expiration, option_type, strike)


def _strike(row: Row, from_symbol: OptionContract | None) -> Decimal | None:
    text = row[STRIKE].removeprefix("$")
    if not text:
        if from_symbol is None:
            row.error(20, STRIKE, "An option needs its Strike Price; fill it in.")
        return from_symbol.strike_price if from_symbol else None
    strike = parse_number(text)
    if strike is None or strike <= 0:
        row.error(20, STRIKE, f"Strike Price {row[STRIKE]!r} is not a number above zero; correct it.")
        return None
    return strike


def _expiration(row: Row, from_symbol: OptionContract | None) -> date | None:
    text = row[EXPIRATION]
    if not text:
        if from_symbol is None:
            row.error(21, EXPIRATION, "An option needs its Expiration Date; fill it in as YYYY-MM-DD.")
        return from_symbol.expiration_date if from_symbol else None
    expiration = parse_date(text)
    if expiration is None:
        row.error(21, EXPIRATION, not_a_date("Expiration Date", text))
    return expiration


def _option_type(row: Row, from_symbol: OptionContract | None) -> OptionType | None:
    text = row[OPTION_TYPE].upper()
    if not text:
        if from_symbol is None:
            row.error(22, OPTION_TYPE, "An option needs its Option Type; write CALL or PUT.")
        return from_symbol.option_type if from_symbol else None
    option_type = _OPTION_TYPES.get(text)
    if option_type is None:
        row.error(22, OPTION_TYPE, f"Option Type {row[OPTION_TYPE]!r} is unknown; write CALL or PUT.")
    return option_type


def option_symbol(row: Row, symbol: str, contract: OptionContract) -> str:
    """The OCC symbol of the contract; an error if it contradicts the file's own OCC symbol."""
    stated = parse_occ(symbol)
    if stated is not None:
        differs = replace(stated, underlying_symbol=contract.underlying_symbol) != contract
        if differs or not _same_underlying(symbol, stated, contract.underlying_symbol):
            row.error(
                24,
                SYMBOL,
                f"The option columns contradict the symbol {symbol}, {_described(stated)}; correct one.",
            )
        return symbol
    built = build_occ(contract)
    if built is None:
        _explain_unbuildable(row, contract)
    return built or symbol


def _explain_unbuildable(row: Row, contract: OptionContract) -> None:
    """Report the term that prevents an option symbol."""
    described = _described(contract)
    described = described[:1].upper() + described[1:]
    if not is_root(occ_root(contract.underlying_symbol)):
        remedy = "an underlying has at most six letters and digits"
        row.error(19, UNDERLYING, f"{described} has no option symbol: {remedy}; correct it.")
    elif contract.expiration_date.year // 100 != 20:  # noqa: PLR2004 - option symbols have two digits
        row.error(21, EXPIRATION, f"{described} has no option symbol: its year is not 20xx; correct it.")
    else:
        remedy = "strikes are below 100,000 with at most three decimals"
        row.error(20, STRIKE, f"{described} has no option symbol: {remedy}; correct it.")


def refuse_option_terms(row: Row, symbol: str, investment_class: str) -> None:
    """Report an option with another class: it would silently be valued without its multiplier."""
    terms = [name for name in (STRIKE, EXPIRATION, OPTION_TYPE) if row[name]]
    if terms or parse_occ(symbol) is not None:
        row.error(
            24,
            terms[0] if terms else SYMBOL,
            f"The row describes an option but its class is {investment_class}; write OPTIONS.",
        )


def check_expiration(row: Row, contract: OptionContract | None, entry_date: date | None) -> None:
    """Report an option that expired before its entry: it would never have a value."""
    if contract is not None and entry_date is not None and contract.expiration_date < entry_date:
        row.error(
            21,
            EXPIRATION,
            f"The option expired on {contract.expiration_date}, before its Entry Date; correct one of them.",
        )


def _same_underlying(symbol: str, stated: OptionContract, underlying: str) -> bool:
    """SPXW options are options on SPX, and an OCC symbol writes BRK-B as BRKB."""
    root = occ_root(symbol[: -len("250815P00200000")])
    return occ_root(underlying) in {root, occ_root(stated.underlying_symbol)}


def _described(contract: OptionContract) -> str:
    return (
        f"the {contract.strike_price} {contract.option_type} on {contract.underlying_symbol} "
        f"of {contract.expiration_date}"
    )
