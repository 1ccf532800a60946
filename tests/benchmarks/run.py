"""The benchmark: each size in turn, then the demonstration, then the report."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.benchmarks.cases import Case, Measured, measure_case, measure_demonstration
from tests.benchmarks.report import (
    BEGIN_DEMONSTRATION,
    END_DEMONSTRATION,
    Results,
    demonstration_markdown,
    list_targets,
    markdown,
    write_readme,
)
from warehouse.errors import SigmaSightError

DEFAULT_PORTFOLIOS = (10, 100, 1000)
A_YEAR, TWO_WEEKS = 252, 10
MANY_PORTFOLIOS = 1000  # from this size on positions are held for two weeks

DESCRIPTION = """
Measures, in temporary warehouses under /tmp: loading and building a history of portfolios with fifty
positions each, one more date, the same statements run by psql, the demonstration, and a nightly run with
nothing new.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 if every measured target is met, else 1."""
    asked = _parser().parse_args(arguments)
    begun = time.monotonic()
    try:
        measured = tuple(_measure(_case(count, asked)) for count in asked.portfolios)
        demonstration = None if asked.no_demo else measure_demonstration()
    except SigmaSightError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 1
    command = " ".join(["python -m tests.benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    results = Results(command, measured, demonstration, time.monotonic() - begun)
    if measured:
        _report(markdown(results), is_written=asked.write)
    if demonstration is not None:
        report = demonstration_markdown(results, demonstration)
        _report(report, BEGIN_DEMONSTRATION, END_DEMONSTRATION, is_written=asked.write)
    return 0 if all(target.is_met for target in list_targets(results)) else 1


def _report(report: str, *marks: str, is_written: bool) -> None:
    print(report)  # noqa: T201 - a command
    if is_written:
        write_readme(report, *marks)


def _measure(case: Case) -> Measured:
    _say(f"{case.portfolios:,} portfolios, {case.sessions} sessions, held for {case.held or case.sessions}")
    begun = time.monotonic()
    return measure_case(case, lambda text: _say(f"  {time.monotonic() - begun:6.1f} s  {text}"))


def _case(portfolios: int, asked: argparse.Namespace) -> Case:
    few = TWO_WEEKS if portfolios >= MANY_PORTFOLIOS else None
    return Case(portfolios, asked.sessions, asked.held or few)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--portfolios",
        type=int,
        nargs="*",
        default=DEFAULT_PORTFOLIOS,
        metavar="P",
        help="sizes to measure, ascending; default: 10 100 1000; none: only the demonstration",
    )
    parser.add_argument(
        "--sessions", type=int, default=A_YEAR, help="sessions of prices; default: %(default)s"
    )
    parser.add_argument(
        "--held",
        type=int,
        help=f"sessions of positions; default: all, from 1,000 portfolios on {TWO_WEEKS}",
    )
    parser.add_argument("--no-demo", action="store_true", help="leave the demonstration out")
    parser.add_argument("--write", action="store_true", help="put the report into tests/benchmarks/README.md")
    return parser
