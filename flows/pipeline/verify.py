"""Run all tests over all of history; the nightly build tests only the dates that it builds."""

from flows.console import end_progress, say, show_progress
from flows.dbt.runner import BuildReport, run_plainly
from flows.environment import prepare_environment
from flows.errors import BuildError
from flows.pipeline.layout import check_layout
from flows.pipeline.lock import process_name
from flows.quarantine.failures import find_failures
from flows.quarantine.withheld import read_withheld
from flows.wording import many
from warehouse.connections import Warehouse


def verify_history(warehouse: Warehouse) -> BuildReport:
    """`dbt test` with test_all_dates. Raises BuildError naming the tests that fail.

    Withheld portfolios lack what is withheld, so tests that fail for them alone are no error.
    """
    with warehouse.connect_writer(application_name=process_name("verify"), autocommit=True) as connection:
        check_layout(connection)
    prepare_environment(warehouse)
    try:
        report = run_plainly(
            warehouse,
            "test",
            variables={"test_all_dates": True},
            target="dbt_verify",
            on_progress=show_progress,
        )
    except BuildError as error:
        if error.report is None or not _is_of_withheld(warehouse, error.report):
            raise
        report = error.report
        say(
            "withheld", f"{many(len(report.failed), 'test')} failed for withheld portfolios, and for no other"
        )
    end_progress()
    warned = f", {report.tests_warned} with warnings" if report.tests_warned else ""
    say("verified", f"{many(report.tests_passed, 'test')} passed over all of history{warned}", report.seconds)
    return report


def _is_of_withheld(warehouse: Warehouse, report: BuildReport) -> bool:
    """Whether the failed tests concern withheld portfolios only."""
    with warehouse.connect_writer(application_name=process_name("verify"), autocommit=True) as connection:
        withheld = {each.portfolio_id for each in read_withheld(connection)}
        failures = find_failures(connection, report, {}) if withheld else None
    return failures is not None and failures.keys() <= withheld
