"""The steps of a nightly run: load, plan the window, build, publish. Also used by `rebuild --from`.

    lock      one build at a time; a second one names the holder and stops
    load      from the source, if one is given
    build     the window of dates since the last publication; a failure stops it, unless some portfolios only
              are its cause: then the others are built again without them (see flows/quarantine)
    publish   one statement that makes the whole build visible
    again     withheld portfolios are built without the others, and published if that succeeds
    clean     remove what has expired (see retention.py)
    reports   write those of the portfolios that REPORT_PORTFOLIOS names (see reports.py)
    alarms    report what is wrong now, and what no longer is (see flows/alarms)

If the models changed and no data did, the views of the marts are brought to the new models. If the source
gave nothing, what is stored is built, and the run ends with SourceGaveNothingError.

A run that fails or is killed publishes nothing: readers stay on the last publication, and the next run does
what this one did not finish. An engine executes the steps: in this process, or as task runs of Prefect.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from flows.alarms.report import alarms_reported, report_quietly
from flows.console import end_progress, say, set_up_logging, show_progress
from flows.database import Connection
from flows.dbt.manifest_cache import project_build
from flows.dbt.runner import BuildReport, run_plainly
from flows.environment import prepare_environment
from flows.errors import (
    BuildError,
    PortfoliosFailedError,
    ReportsFailedError,
    SourceGaveNothingError,
    WindowError,
)
from flows.maintenance.retention import clean_up_quietly
from flows.pipeline.engine import Engine
from flows.pipeline.layout import read_version
from flows.pipeline.load import gave_nothing, load_calendar_if_short, load_source, say_loads
from flows.pipeline.lock import BuildLock, LockToken, build_lock, process_name
from flows.pipeline.publication_cost import read_size, record_cost
from flows.pipeline.publish import publish
from flows.pipeline.reader_views import make_views
from flows.pipeline.run_record import RunKind, RunRecord, abandon_dead_runs
from flows.pipeline.space import check_space
from flows.pipeline.time_limit import time_limit
from flows.pipeline.window import (
    Window,
    begin_publication,
    build_settings,
    fix_known_at,
    is_session,
    plan_window,
    restatement_settings,
    today,
)
from flows.quarantine.attempts import are_withheld, check_released, failure_of, withheld_ids
from flows.quarantine.failures import Failures
from flows.quarantine.window import plan_portfolios
from flows.quarantine.withheld import changes_of
from flows.source import Source
from flows.wording import many
from ingestion.errors import SourceUnavailableError
from warehouse.connections import Warehouse
from warehouse.errors import SigmaSightError

if TYPE_CHECKING:
    from ingestion.raw.loads import LoadReport

logger = logging.getLogger(__name__)

# Unit tests check the code on fixed rows: they run when the code changes, not every night. Exposures only say
# who reads a mart, but dbt would take each of them for a node to build.
SKIP_WHAT_BUILDS_NOTHING = ("--exclude-resource-type", "unit_test", "exposure")

LOAD_PERCENT, BUILD_PERCENT, PUBLISH_PERCENT = 2, 20, 95


@dataclass(frozen=True)
class Request:
    """What to build; see nightly.

    portfolios: only these. is_retry: they are withheld, and built again. failures: of earlier attempts of
    this run; these portfolios are left out.
    """

    as_of: date | None = None
    from_date: date | None = None
    full_refresh: bool = False
    portfolios: frozenset[UUID] | None = None
    is_retry: bool = False
    failures: Failures = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """A finished, unpublished build, and the token of the lock held during it.

    size_before: bytes of what is published, before the build.
    """

    window: Window
    publication_id: int
    report: BuildReport
    token: LockToken
    size_before: int


@dataclass(frozen=True)
class NightlyResult:
    """How a run ended; None for steps that it did not reach.

    models_updated: no data is new, but the views of the marts were brought to changed models.
    """

    status: Literal["succeeded", "nothing_new", "not_a_session", "models_updated"]
    loads: "tuple[LoadReport, ...]" = ()
    built: Built | None = None
    published_at: datetime | None = None


def nightly(
    warehouse: Warehouse,
    engine: Engine,
    *,
    as_of: date | None = None,
    source: Source | None = None,
    prices: Path | None = None,
    force: bool = False,
    from_date: date | None = None,
    full_refresh: bool = False,
    allow_no_data: bool = False,
    portfolio_id: UUID | None = None,
) -> NightlyResult:
    """Load from the source, build what is new, publish.

    as_of: a date, taken as the last session on or before it; default the last session with a price.
    source, prices: where prices come from (the folder for `files`); by default nothing is loaded.
    force: run even if the NYSE is closed today. from_date: build at least from this date.
    full_refresh: rebuild from scratch, after the meaning of a column changed; needs a from_date.
    allow_no_data: a source that gives nothing is a warning only. portfolio_id: build this portfolio alone, up
    to the last published session.
    Raises SigmaSightError; ReportsFailedError, SourceGaveNothingError and PortfolioWithheldError (for that
    portfolio) after everything else is done.
    """
    prepare_environment(warehouse)
    set_up_logging(warehouse.settings)
    asked = None if portfolio_id is None else frozenset({portfolio_id})
    request = Request(as_of, from_date, full_refresh, asked)
    with alarms_reported(warehouse):
        return _nightly(
            warehouse,
            engine,
            request,
            source=source,
            prices=prices,
            force=force,
            allow_no_data=allow_no_data,
        )


def _nightly(
    warehouse: Warehouse,
    engine: Engine,
    request: Request,
    *,
    source: Source | None,
    prices: Path | None,
    force: bool,
    allow_no_data: bool,
) -> NightlyResult:
    """All steps but the alarms; arguments as of nightly."""
    kind: RunKind = "nightly" if request.from_date is None else "rebuild"
    with build_lock(warehouse, kind) as lock, recorded(warehouse, kind) as run:
        loads = load_calendar_if_short(warehouse)
        if not (force or request.as_of or request.from_date or request.portfolios) and not trades_today(
            warehouse
        ):
            return _end(
                run, "not_a_session", loads, f"{today()} is not an NYSE session (--force runs anyway)"
            )
        if source is not None:
            run.phase("loading", LOAD_PERCENT)
            with run.step("load"):
                loaded, run.warning = engine.step("load", lambda: load_step(warehouse, source, prices))
                loads += loaded
        result = build_and_publish(warehouse, engine, lock, run, loads=loads, request=request)
    for portfolio_id in request.portfolios or ():
        check_released(warehouse, portfolio_id)
    clean_up_quietly(warehouse)
    if warehouse.settings.report_portfolios:
        _write_reports(warehouse, engine, run)
    if run.warning is not None and not allow_no_data:
        raise SourceGaveNothingError(
            f"The source `{source}` gave nothing: {run.warning} What was loaded before is built; run the "
            "command again when the source answers, or add --allow-no-data to accept nights without data."
        )
    return result


def _write_reports(warehouse: Warehouse, engine: Engine, run: RunRecord) -> None:
    """Write the reports of the night; the record of the run says which failed. Raises ReportsFailedError."""
    from flows.pipeline.reports import write_night_reports  # noqa: PLC0415 - most nights write none

    try:
        engine.step("reports", lambda: write_night_reports(warehouse))
    except ReportsFailedError as error:
        run.warn(str(error))
        raise


def build_and_publish(
    warehouse: Warehouse,
    engine: Engine,
    lock: BuildLock,
    run: RunRecord,
    *,
    loads: "list[LoadReport]",
    request: Request,
) -> NightlyResult:
    """The second half of a run: build the window, publish it, close the record. Raises SigmaSightError."""
    done = publish_window(warehouse, engine, lock, run, request)
    withheld = withheld_ids(warehouse) if request.portfolios is None else frozenset()
    if withheld:
        done = (
            try_again(warehouse, engine, lock, run, replace(request, portfolios=withheld, is_retry=True))
            or done
        )
    if done is not None:
        run.finish("succeeded")
        return NightlyResult("succeeded", tuple(loads), *done)
    if models_changed(warehouse):
        with run.step("models"):
            engine.step("models", lambda: update_models(warehouse))
        run.finish("succeeded")
        return NightlyResult("models_updated", tuple(loads))
    return _end(run, "nothing_new", loads, "nothing has changed since the last publication")


def publish_window(
    warehouse: Warehouse, engine: Engine, lock: BuildLock, run: RunRecord, request: Request
) -> tuple[Built, datetime] | None:
    """Build a window and publish it; None when nothing is new. Raises SigmaSightError."""
    run.phase("building", BUILD_PERCENT)
    with run.step("build"):
        built = build_what_passes(warehouse, engine, lock, run, request)
    if built is None:
        return None
    run.phase("publishing", PUBLISH_PERCENT)
    with run.step("publish"):
        return built, engine.step("publish", lambda: publish_step(warehouse, built))


def try_again(
    warehouse: Warehouse, engine: Engine, lock: BuildLock, run: RunRecord, request: Request
) -> tuple[Built, datetime] | None:
    """publish_window for withheld portfolios; if that fails they stay withheld, and the run goes on.

    After an error of a model, each half is tried, so that only those with the cause of it stay withheld.
    """
    portfolios = sorted(request.portfolios or ())
    try:
        return publish_window(warehouse, engine, lock, run, request)
    except BuildError as error:
        if len(portfolios) > 1 and error.report is not None and error.report.errors:
            middle = len(portfolios) // 2
            halves = (frozenset(portfolios[:middle]), frozenset(portfolios[middle:]))
            tried = [
                try_again(warehouse, engine, lock, run, replace(request, portfolios=half)) for half in halves
            ]
            return tried[1] or tried[0]
        stuck: SigmaSightError = error
    except WindowError as error:
        stuck = error
    say("withheld", f"{many(len(portfolios), 'portfolio')} still withheld: {stuck}")
    return None


def build_what_passes(
    warehouse: Warehouse, engine: Engine, lock: BuildLock, run: RunRecord, request: Request
) -> Built | None:
    """Build, without the portfolios for which that fails; None when nothing is new.

    A failing test skips the tests after it: those may fail for further portfolios in the next attempt.
    """
    while True:
        try:
            return attempt(warehouse, engine, lock, run, request)
        except PortfoliosFailedError as error:
            request = replace(request, failures={**request.failures, **error.failures})
            for portfolio_id, failure in error.failures.items():
                logger.warning("The portfolio %s is withheld. %s", portfolio_id, failure.reason)
            if request.is_retry and are_withheld(warehouse, request.portfolios or set(), request.failures):
                return None


def attempt(
    warehouse: Warehouse, engine: Engine, lock: BuildLock, run: RunRecord, request: Request
) -> Built | None:
    """build_step as a step of the engine."""
    return engine.step("build", lambda: build_step(warehouse, engine, lock, run, request))


def load_step(
    warehouse: Warehouse, source: Source, prices: Path | None
) -> "tuple[list[LoadReport], str | None]":
    """Load from the source; and why it gave nothing, None if it gave something.

    Rows that an earlier attempt loaded are not written twice.
    """
    try:
        reports = load_source(warehouse, source, prices, must_answer=True)
    except SourceUnavailableError as error:  # the vendors were retried already
        return list(error.reports), str(error)
    say_loads(reports)
    return reports, gave_nothing(warehouse, reports)


def models_changed(warehouse: Warehouse) -> bool:
    """Whether the published marts are those of other models than this version's."""
    with warehouse.connect_writer(application_name=process_name("models"), autocommit=True) as connection:
        return read_version(connection).models_changed


def update_models(warehouse: Warehouse) -> None:
    """Bring the views of the marts to the models of this version."""
    say("planned", "no new dates: the models changed, and the views of the marts with them")
    with warehouse.connect_writer(application_name=process_name("models")) as connection:
        make_views(warehouse, connection)
    say("", "Published rows are as before; `sigmasight rebuild --full-refresh` computes them again.")


def build_step(
    warehouse: Warehouse, engine: Engine, lock: BuildLock, run: RunRecord, request: Request
) -> Built | None:
    """Plan the window and build it; None when nothing is new. Each attempt plans again, independently.

    Raises PortfoliosFailedError with the portfolios for which it fails.
    """

    def give_up(sentence: str) -> None:
        with suppress(SigmaSightError):
            run.finish("failed", sentence)
        report_quietly(warehouse)

    with time_limit(warehouse.settings.build_minutes, on_stuck=give_up):
        return _plan_and_build(warehouse, engine, lock, run, request)


def _plan_and_build(
    warehouse: Warehouse, engine: Engine, lock: BuildLock, run: RunRecord, request: Request
) -> Built | None:
    token = lock.hold()
    with warehouse.connect_writer(application_name=process_name("plan"), autocommit=True) as connection:
        abandon_dead_runs(connection, run.run_id)
        known_at = fix_known_at(connection)
        window = _plan(connection, known_at, request)
        if window is None:
            return None
        check_space(warehouse, connection, window)
        publication_id = begin_publication(connection, window)
        size_before = read_size(connection)
    if not request.is_retry:
        run.plan(as_of=window.as_of, from_date=window.from_date, publication_id=publication_id)
    say("planned", f"{window.from_date} to {window.to_date}: {window.reason}")

    def on_progress(done: int, total: int) -> None:
        run.percent(BUILD_PERCENT + (PUBLISH_PERCENT - BUILD_PERCENT) * done // total)
        show_progress(done, total)

    def on_report(report: BuildReport) -> None:
        run.nodes(report.nodes)
        engine.keep(report)

    settings = build_settings(window, publication_id)
    try:
        with project_build(warehouse, everything=request.full_refresh) as project:
            report = run_plainly(
                warehouse,
                "build",
                settings=settings | restatement_settings(warehouse.settings),
                manifest=project.manifest,
                options=[
                    *SKIP_WHAT_BUILDS_NOTHING,
                    *project.options,
                    *(["--full-refresh"] if request.full_refresh else []),
                ],
                on_progress=on_progress,
                on_report=on_report,
            )
    except BuildError as error:
        failed = failure_of(warehouse, window, settings, error)
        if failed is None:
            raise
        raise PortfoliosFailedError(failed) from error
    say_build(report)
    return Built(window, publication_id, report, token, size_before)


def _plan(connection: Connection, known_at: datetime, request: Request) -> Window | None:
    failures = request.failures
    if request.portfolios is not None:
        asked = request.portfolios
        return plan_portfolios(connection, known_at=known_at, portfolios=asked, failures=failures)
    return plan_window(
        connection,
        known_at=known_at,
        as_of=request.as_of,
        from_date=request.from_date,
        failures=failures,
    )


def publish_step(warehouse: Warehouse, built: Built) -> datetime:
    """Publish the build, if the lock was held without interruption; the time of publication."""
    name = process_name("publish")
    with warehouse.connect_writer(application_name=name) as connection, connection.transaction():
        built.token.confirm(connection)
        published_at = publish(
            connection, window=built.window, publication_id=built.publication_id, report=built.report
        )
        cost = record_cost(connection, built.publication_id, built.size_before)
        withheld, released = changes_of(connection, built.publication_id)
    for portfolio in withheld:
        say("withheld", str(portfolio))
    for portfolio in released:
        say("released", portfolio.portfolio_name)
    dates = f"{built.window.from_date} to {built.window.to_date}"
    say("published", f"publication {built.publication_id}: {dates}; {cost}")
    return published_at


def trades_today(warehouse: Warehouse) -> bool:
    """Whether the NYSE has a session today, by the date in New York."""
    with warehouse.connect_writer(application_name=process_name("calendar"), autocommit=True) as connection:
        return is_session(connection, today())


def say_build(report: BuildReport) -> None:
    """Print a line of progress for a build."""
    warned = f", {report.tests_warned} with warnings" if report.tests_warned else ""
    say("built", f"{report.counts}{warned}", report.seconds)


def _end(
    run: RunRecord, status: Literal["nothing_new", "not_a_session"], loads: "list[LoadReport]", why: str
) -> NightlyResult:
    """End a run that builds nothing."""
    run.finish("nothing_new")
    say("nothing", f"to build: {why}")
    return NightlyResult(status, tuple(loads))


@contextmanager
def recorded(warehouse: Warehouse, kind: RunKind) -> Iterator[RunRecord]:
    """A run record that is closed with the error when the body fails, including Ctrl-C."""
    run = RunRecord(warehouse, kind)
    try:
        yield run
    except BaseException as error:
        end_progress()
        with suppress(SigmaSightError):  # the database may be what failed: keep the first error
            run.finish("failed", str(error) or type(error).__name__)
        raise
    finally:
        run.close()
