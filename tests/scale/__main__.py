"""Split a warehouse over several servers, compare, and extrapolate to 15 million portfolios a day.

    python -m tests.scale                                       900 portfolios over three servers
    python -m tests.scale --portfolios 60 --shards 2            smaller
    python -m tests.scale --write                               write the report into docs/scale.md

Exits with 1 when a row of the parts differs from the whole.
"""

import argparse
import sys

import numpy as np

from tests.benchmarks.report import made_by, write_readme
from tests.scale.shards import Comparison, Night, compare
from warehouse.settings import project_root

MANY = 15_000_000
HOURS = 5  # between the close of the market and the opening of the next day in Asia
CORES = 2  # of each of the measured servers
A_YEAR = 252
PAGE = project_root() / "docs" / "scale.md"
BEGIN, END = "<!-- shards: begin -->", "<!-- shards: end -->"


def line_of(nights: list[Night], name: str) -> tuple[float, float]:
    """What a night costs at all, and for each portfolio: least squares over the nights."""
    portfolios = np.array([night.portfolios for night in nights], dtype=np.float64)
    each, fixed = np.polyfit(portfolios, [float(getattr(night, name)) for night in nights], 1)
    return float(fixed), float(each)


def report(found: Comparison, command: str) -> str:
    """What was measured, and what follows for many portfolios if a part costs what it costs here."""
    nights = [found.whole, *found.parts]
    lines = {name: line_of(nights, name) for name in ("seconds", "rows", "size")}
    return "\n".join([made_by(command), "", *_measured(found, lines), "", *_extrapolated(lines)])


def _measured(found: Comparison, lines: dict[str, tuple[float, float]]) -> list[str]:
    equal = "equal" if not found.differences else f"**not equal** ({len(found.differences)} marts)"
    nights = {"one server": found.whole} | {f"part {n}": part for n, part in enumerate(found.parts, 1)}
    return [
        "Measured, one more session:",
        "",
        "| | portfolios | seconds | rows | MB |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {name} | {one.portfolios:,} | {one.seconds:.1f} | {one.rows:,} | {one.size / 1e6:.1f} |"
            for name, one in nights.items()
        ),
        "",
        f"{found.rows:,} rows of portfolios, and {found.symbol_rows:,} of symbols: {equal}.",
        f"A portfolio costs {1000 * lines['seconds'][1]:.1f} ms, {lines['rows'][1]:.0f} rows and",
        f"{lines['size'][1] / 1000:.1f} kB a session; a server {lines['seconds'][0]:.1f} s,",
        "whatever it holds.",
    ]


def _extrapolated(lines: dict[str, tuple[float, float]]) -> list[str]:
    fixed, each = lines["seconds"]
    on_a_server = int((HOURS * 3600 - fixed) / each)
    servers = -(-MANY // on_a_server)
    night = MANY * lines["size"][1]
    return [
        f"Extrapolated from these figures, not measured: {MANY / 1e6:.0f} million portfolios a day.",
        "",
        "| | |",
        "| --- | ---: |",
        f"| portfolios on a server of {CORES} cores in {HOURS} hours | {on_a_server:,} |",
        f"| servers | {servers:,} |",
        f"| cores | {servers * CORES:,} |",
        f"| core-hours a night | {MANY * each * CORES / 3600:,.0f} |",
        f"| rows a night | {MANY * lines['rows'][1] / 1e9:.1f} billion |",
        f"| disk a night | {night / 1e12:.2f} TB |",
        f"| disk a year | {night * A_YEAR / 1e12:,.0f} TB |",
        f"| written by each server | {night / servers / HOURS / 3600 / 1e6:.1f} MB/s |",
    ]


def main() -> int:
    """Measure, compare and print; 0 when all rows are equal."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=900)
    parser.add_argument(
        "--sessions", type=int, default=A_YEAR, help="of prices before the measured one; default: %(default)s"
    )
    parser.add_argument("--held", type=int, default=3, help="of them with positions; default: %(default)s")
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the report into docs/scale.md")
    asked = parser.parse_args()
    found = compare(asked.portfolios, asked.sessions, asked.held, asked.shards)
    command = " ".join(
        ["python -m tests.scale", *(argument for argument in sys.argv[1:] if argument != "--write")]
    )
    text = report(found, command)
    print(text)  # noqa: T201 - a command
    for difference in found.differences:
        print(difference, file=sys.stderr)  # noqa: T201
    if asked.write:
        write_readme(text + "\n", BEGIN, END, page=PAGE)
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
