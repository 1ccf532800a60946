"""Run all tests over all of history; the nightly build tests only the dates that it builds."""

from flows.console import end_progress, say, show_progress
from flows.dbt.runner import BuildReport, run_plainly
from flows.environment import prepare_environment
from flows.pipeline.layout import check_layout
from flows.pipeline.lock import process_name
from warehouse.connections import Warehouse


def verify_history(warehouse: Warehouse) -> BuildReport:
    """`dbt test` with test_all_dates. Raises BuildError naming the tests that fail."""
    with warehouse.connect_writer(application_name=process_name("verify"), autocommit=True) as connection:
        check_layout(connection)
    prepare_environment(warehouse)
    report = run_plainly(
        warehouse,
        "test",
        variables={"test_all_dates": True},
        target="dbt_verify",
        on_progress=show_progress,
    )
    end_progress()
    warned = f", {report.tests_warned} with warnings" if report.tests_warned else ""
    say("verified", f"{report.tests_passed} tests passed over all of history{warned}", report.seconds)
    return report
