"""Make a finished build visible: one row in ops.publications, for all marts at once."""

import subprocess
from datetime import datetime, timedelta
from importlib.metadata import version

from flows.database import Connection, value
from flows.dbt.runner import BuildReport
from flows.pipeline.window import Window
from warehouse.settings import is_checkout, project_root

IS_PUBLISHED = "select exists (select from ops.publications where publication_id = %s)"

PUBLISHED_AT = "select published_at from ops.publications where publication_id = %s"

PUBLISH = """
select ops.publish(
    %(publication_id)s, %(market_from_date)s::date, %(to_date)s::date, %(known_at)s::timestamptz,
    %(dbt_invocation_id)s, %(git_revision)s, %(tests_passed)s, %(tests_warned)s, %(cause)s
)
"""


def publish(
    connection: Connection,
    *,
    window: Window,
    publication_id: int,
    report: BuildReport,
) -> datetime:
    """Publish the build; the time of publication. Idempotent, so that it can be retried."""
    if not value(connection, IS_PUBLISHED, [publication_id]):
        values = {
            "publication_id": publication_id,
            "market_from_date": window.market_from_date or window.to_date + timedelta(days=1),
            "to_date": window.to_date,
            "known_at": window.known_at,
            "dbt_invocation_id": report.invocation_id,
            "git_revision": git_revision(),
            "tests_passed": report.tests_passed,
            "tests_warned": report.tests_warned,
            "cause": window.reason,
        }
        connection.execute(PUBLISH, values)
    published_at: datetime = value(connection, PUBLISHED_AT, [publication_id])
    return published_at


def git_revision() -> str | None:
    """The project's commit, with a plus sign when files differ from it.

    The version of an installed package; None in a checkout without git.
    """
    if not is_checkout():
        return version("sigmasight")
    revision = _git("rev-parse", "--short=12", "HEAD")
    if not revision:
        return None
    return revision + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the user's git
            cwd=project_root(),
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
