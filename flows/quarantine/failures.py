"""Which portfolios a failed test concerns: those of its failing rows, if all of them have a portfolio_id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from flows.database import Connection, rows
from flows.dbt.runner import BuildReport, NodeResult

NODES_NAMED = 5  # in a reason

PORTFOLIOS_OF_TEST = """
with failing as (
{test}
)

select distinct cast(to_jsonb(failing) ->> 'portfolio_id' as uuid) from failing
"""  # as JSON, because a test may have no such column or, of two joined relations, two


@dataclass(frozen=True)
class Failure:
    """The tests, or models, that fail for a portfolio, and the reason for withholding it, as a sentence."""

    tests: tuple[str, ...]
    reason: str

    @classmethod
    def of(cls, tests: Iterable[str]) -> "Failure":
        """The failure of these tests.

        >>> Failure.of({"assert_equity_rolls_forward"}).reason
        'A check of the build fails for this portfolio: assert_equity_rolls_forward.'
        """
        names = tuple(sorted(tests))
        subject = (
            "A check of the build fails" if len(names) == 1 else f"{len(names)} checks of the build fail"
        )
        return cls(names, f"{subject} for this portfolio: {_listed(names)}.")

    @classmethod
    def of_error(cls, nodes: Iterable[str]) -> "Failure":
        """The failure of models that end with an error, whose text may hold values of any portfolio.

        >>> Failure.of_error({"int_positions"}).reason
        'The build stops with an error since data of this portfolio changed: int_positions.'
        """
        names = tuple(sorted(nodes))
        return cls(
            names,
            f"The build stops with an error since data of this portfolio changed: {_listed(names)}.",
        )


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NODES_NAMED} more" if len(names) > NODES_NAMED else ""
    return ", ".join(names[:NODES_NAMED]) + more


Failures = Mapping[UUID, Failure]


def find_failures(
    connection: Connection, report: BuildReport, settings: Mapping[str, str]
) -> Failures | None:
    """The portfolios for which tests of a build failed; None if anything shared failed.

    Runs the failed tests again, on the rows that the build left. settings: those of the build.
    """
    failed = report.failed
    if not failed or any(node.kind != "test" or node.status != "fail" for node in failed):
        return None
    with connection.transaction():
        _set(connection, settings)
        concerned = [_portfolios_of(connection, node) for node in failed]
    if None in concerned:
        return None
    tests: dict[UUID, set[str]] = {}
    for node, portfolio_ids in zip(failed, concerned, strict=True):
        for portfolio_id in portfolio_ids or ():
            tests.setdefault(portfolio_id, set()).add(node.name)
    return {portfolio_id: Failure.of(names) for portfolio_id, names in tests.items()}


def _set(connection: Connection, settings: Mapping[str, str]) -> None:
    for name, setting in settings.items():
        connection.execute("select set_config(%s, %s, true)", [f"sigmasight.{name}", setting])
    for join in ("nestloop", "mergejoin"):  # as in the build (see runner.build_session)
        connection.execute(f"set local enable_{join} = off")


def _portfolios_of(connection: Connection, test: NodeResult) -> set[UUID] | None:
    """The portfolios of the failing rows of a test; None if some belong to none."""
    if not test.compiled_code:
        return None
    found = rows(connection, PORTFOLIOS_OF_TEST.format(test=test.compiled_code))
    portfolio_ids = {portfolio_id for (portfolio_id,) in found}
    return portfolio_ids if portfolio_ids and None not in portfolio_ids else None
