"""`python -m tests.fuzz_positions [COUNT]`: fuzz the reader of positions files (`make fuzz`: 100,000).

Reading any file gives either valid lots, or InvalidPositionsFile with an error code of the catalogue for each
error. Rows are drawn from valid and hostile cells, in our columns and in brokers' downloads; other files are
valid ones with bytes cut and overwritten anywhere.
"""

import csv
import io
import re
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.errors import InvalidPositionsFile
from ingestion.files.csv_reader import decimals
from ingestion.market.occ import parse_occ
from ingestion.market.symbols import LONGEST_SYMBOL, VALID_SYMBOL
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.columns import COLUMNS, SUBTYPES
from ingestion.statements.load import Statement, read_positions_file
from ingestion.statements.money.values import entry_value
from ingestion.statements.rows import Lot
from warehouse.settings import project_root
from warehouse.templates import positions_template

MANY = 100_000
TODAY = date(2026, 2, 2)
DOWNLOADS = sorted((project_root() / "tests" / "ingestion" / "statements" / "broker_files").glob("*.csv"))
CODE = re.compile(r"ERR_(CSV_00[1-6]|POS_0(0[1-9]|1\d|2[0-4])|PORT_00[78])")

GOOD = {
    "Symbol": ["AAPL", "brk.b", "SPAXX", "CASH_USD", "AAPL270115C00250000", "MY_VC_FUND", "VOD.L", ""],
    "Quantity": ["100", "-50", "1,250.5", "0.000001", "-1e3", "(20)", "50-"],
    "Entry Price Per Share": ["204.94", "$0.0001", "1", "12,345.67"],
    "Entry Date": ["2025-06-30", "2026-02-02", "1926-02-02", "2024-02-29", "6/30/2025", "30-Jun-25"],
    "Investment Class": ["", "PUBLIC", "options", "PRIVATE"],
    "Investment Subtype": ["", "STOCK", "CALL", "crypto", "CASH"],
    "Underlying Symbol": ["", "", "AAPL", "BRK.B"],
    "Strike Price": ["", "", "250", "$0.5"],
    "Expiration Date": ["", "", "2027-01-15"],
    "Option Type": ["", "", "C", "put"],
    "Exit Date": ["", "", "", "2025-08-29", "2026-02-02"],
    "Exit Price Per Share": ["", "", "", "0", "210.5"],
}
HOSTILE = [
    *(
        "NaN",
        "nan",
        "-nan",
        "sNaN",
        "Infinity",
        "-inf",
        "1e999",
        "1E+400",
        "1e-400",
        "1e99",
        "9" * 40,
        "0",
        "-0",
    ),
    *(
        "0x10",
        "1_000",
        "1,23",
        "--5",
        "+-1",
        "1e",
        ".",
        "$",
        "$$5",
        "-$5",
        "(5)",
        "5%",
        "\u0661\u0662",
        "\xb2",
    ),
    *("\uff11\uff12", "1\u2009000", "2025-02-30", "2999-01-01", "0001-01-01", "9999-12-31", "06/30/2025"),
    *(
        "2025-6-3",
        "\uff12\uff10\uff12\uff15-01-01",
        "",
        " ",
        "\t",
        "\x00",
        "\ufeff",
        "#",
        "#AAPL",
        '"',
        "'",
        "=1",
    ),
    *(
        "A" * 101,
        "AA PL",
        "\xc4PFEL",
        "\U0001f984",
        "a\nb",
        "--",
        "AAPL251332C00200000",
        "AAPL250815C00000000",
    ),
    *("CALL", "BOTH", "HEDGE_FUND", "null", "n/a"),
]
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")

hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=6))


@st.composite
def our_files(draw: st.DrawFn) -> bytes:
    """Rows of our columns with mostly valid and some hostile cells; columns in any order, some missing."""
    names = draw(st.permutations(list(COLUMNS.values())))
    names = names[: draw(st.sampled_from([12, 12, 12, 12, 11, 5]))]
    rows = []
    for _ in range(draw(st.integers(0, 3))):
        bad = draw(st.sets(st.integers(0, len(names) - 1), max_size=2))
        good = draw(st.integers(0, 10**6))  # one draw chooses all good cells of the row
        cells = [GOOD[name][good // (place + 1) % len(GOOD[name])] for place, name in enumerate(names)]
        rows.append([draw(hostile) if place in bad else cell for place, cell in enumerate(cells)])
    written = io.StringIO()
    end, separator = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])), draw(st.sampled_from(",,,;\t"))
    csv.writer(written, lineterminator=end, delimiter=separator).writerows([names, *rows])
    return written.getvalue().encode(draw(st.sampled_from(ENCODINGS)), "replace")


@st.composite
def downloads(draw: st.DrawFn) -> bytes:
    """A broker's download with some cells replaced."""
    lines = draw(st.sampled_from(DOWNLOADS)).read_text().split("\n")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        cells = lines[place].split(",")
        cells[draw(st.integers(0, len(cells) - 1))] = draw(hostile)
        lines[place] = ",".join(cells)
    return "\n".join(lines).encode()


@st.composite
def broken_files(draw: st.DrawFn) -> bytes:
    """A valid file, cut and overwritten with any bytes at any place."""
    content = draw(
        st.sampled_from([positions_template(), *(path.read_text() for path in DOWNLOADS)])
    ).encode()
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = begin + draw(st.sampled_from([0, 1, 2, 30, 500]))
        content = content[:begin] + draw(st.binary(max_size=4)) + content[end:]
    return content


files = st.one_of(our_files(), our_files(), downloads(), broken_files())


def check(path: Path) -> str:
    """Read the file; fails unless it is refused with codes or gives valid lots."""
    terms = EntryTerms(entry_date=date(2025, 1, 2), at_market=True)
    try:
        statement = read_positions_file(path, today=TODAY, terms=terms)
    except InvalidPositionsFile as error:
        refusals = error.errors
    else:
        check_statement(statement)
        return "accepted"
    assert refusals
    assert all(CODE.fullmatch(one.code) and one.sentence for one in refusals), refusals
    return "refused"


def check_statement(statement: Statement) -> None:
    """Check every documented rule on an accepted file."""
    assert statement.lots
    for lot in statement.lots:
        check_lot(lot, statement.as_of)
    keys = [(lot.symbol, lot.entry_date, lot.entry_price, lot.exit_date) for lot in statement.lots]
    assert len(set(keys)) == len(keys)


def check_lot(lot: Lot, as_of: date) -> None:
    """Check every documented rule on one lot."""
    numbers = [lot.quantity, lot.entry_price, *([] if lot.exit_price is None else [lot.exit_price])]
    assert all(
        isinstance(number, Decimal) and number.is_finite() and abs(number) <= 10**12 for number in numbers
    )
    assert lot.quantity != 0
    assert decimals(lot.quantity) <= 6
    assert lot.entry_price > 0
    assert decimals(lot.entry_price) <= 4
    assert entry_value(lot).is_finite()
    assert VALID_SYMBOL.fullmatch(lot.symbol)
    assert len(lot.symbol) <= LONGEST_SYMBOL
    assert date(1926, 2, 2) <= lot.entry_date <= as_of <= TODAY
    assert lot.investment_subtype in {None, *SUBTYPES[lot.investment_class]}
    assert (lot.exit_date is None) == (lot.exit_price is None)
    assert lot.exit_date is None or lot.entry_date <= lot.exit_date <= as_of
    assert (
        (lot.investment_class == "OPTIONS")
        == (lot.contract is not None)
        == (parse_occ(lot.symbol) is not None)
    )
    if lot.contract is not None:
        assert lot.contract.strike_price > 0
        assert lot.contract.expiration_date >= lot.entry_date


def run(count: int) -> Counter[str]:
    """Check `count` files, the same ones each time; the numbers of accepted and refused files."""
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "positions.csv"

        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(files)
        def every(content: bytes) -> None:
            path.write_bytes(content)
            outcomes[check(path)] += 1

        every()
    return outcomes


def main() -> None:
    """Run the given number of files and print the outcome."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    begun = time.monotonic()
    outcomes = run(count)
    total = sum(outcomes.values())
    print(f"{total:,} files in {time.monotonic() - begun:.0f} s: {dict(outcomes)}; no crash, no rule broken")  # noqa: T201


if __name__ == "__main__":
    main()
