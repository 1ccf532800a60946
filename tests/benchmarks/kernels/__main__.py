"""`python -m tests.benchmarks.kernels`: the kernels against peers, in this process, one after the other."""

import argparse
import sys
from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from tests.benchmarks.comparison import Comparison
from tests.benchmarks.kernels import american, correlation, factors, greeks, stress
from tests.benchmarks.report import made_by, write_readme

BEGIN, END = "<!-- kernels: begin -->", "<!-- kernels: end -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kernels", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    asked = parser.parse_args(arguments)
    with threadpool_limits(1):  # for us and for the peers
        parts = (greeks, american, factors, stress, correlation)
        found = [comparison for part in parts for comparison in part.measure()]
    report = markdown(found)
    print(report)  # noqa: T201 - a command
    if asked.write:
        write_readme(report, BEGIN, END)
    return 0 if all(comparison.is_met for comparison in found) else 1


def markdown(found: Sequence[Comparison]) -> str:
    """The comparisons as a table."""
    lines = [made_by("python -m tests.benchmarks.kernels --write") + " One thread.", *table(found)]
    if greeks.import_peer() is None:
        lines += ["", greeks.ABSENT]
    return "\n".join(lines) + "\n"


def table(found: Sequence[Comparison]) -> list[str]:
    """An empty line, the head of the table, and a line for each comparison."""
    return [
        "",
        "| work | ours, s | peer | peer, s | share of the work that the peer did | times | target | met |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- | --- |",
        *map(_line, found),
    ]


def _line(each: Comparison) -> str:
    return (
        f"| {each.what} | {each.seconds:.3g} | {each.peer} | {each.peer_seconds:.3g} | {each.peer_share:.3g} "
        f"| {each.ratio:,.1f} | {each.target} | {'yes' if each.is_met else 'no'} |"
    )


if __name__ == "__main__":
    sys.exit(main())
