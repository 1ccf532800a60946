"""`sigmasight alarms`: check what is wrong and report it, list incidents, try the channels."""
# ruff: noqa: PLC0415

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import open_for_command
from flows.errors import ChannelError

if TYPE_CHECKING:
    from flows.alarms.incidents import Incident

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Report nights that failed, did not run or published with holes: once, and again when it is over. "
    "`nightly` and `schedule` do this too; where they may not run at all, let cron call `alarms check`.",
)


@app.command()
def check() -> None:
    """Look for what is wrong, report what is new and what is over, and print what is open.

    The exit code is that of `sigmasight status --check`: 0 nothing is open, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    (the warehouse cannot be read, which is reported too). Messages that could not be delivered before are
    tried again.

    For example:

        sigmasight alarms check

        */15 * * * * sigmasight alarms check > /dev/null
    """
    import psycopg

    from flows.alarms.report import report_alarms
    from flows.alarms.unreachable import open_or_report
    from flows.console import console
    from flows.summaries.status_check import Level
    from warehouse.errors import SigmaSightError

    try:
        report = report_alarms(open_or_report(open_for_command))
    except (SigmaSightError, psycopg.Error, OSError) as error:
        print(f"{Level.UNKNOWN.name}: {' '.join(str(error).split())}")
        raise typer.Exit(Level.UNKNOWN) from error
    for incident in report.incidents:
        console().print(_line(incident), markup=False)
    for name, notices in report.sent.items():
        console().print(f"sent over {name}: {len(notices)}", markup=False)
    for name, why in report.failed.items():
        console().print(f"not sent over {name}: {why}", markup=False)
    if not report.incidents:
        console().print("OK: no incident is open")
    raise typer.Exit(max((Level[one.severity.upper()] for one in report.incidents), default=Level.OK))


@app.command("list")
def list_incidents(
    ended: Annotated[bool, typer.Option("--all", help="With incidents that ended, newest first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List the open incidents, the critical first. Looks for nothing and reports nothing.

    For example:

        sigmasight alarms list

        sigmasight alarms list --all --limit 20 --json
    """
    from flows.alarms import incidents
    from flows.console import console
    from flows.pipeline.lock import process_name

    warehouse = open_for_command()
    with warehouse.connect_writer(application_name=process_name("alarms list")) as connection:
        found = incidents.list_incidents(connection, ended=ended, limit=limit)
    if as_json:
        print(json.dumps([one._asdict() for one in found], indent=2, default=_iso))
        return
    for incident in found:
        console().print(_line(incident), markup=False)
    if not found:
        console().print("No incident." if ended else "No incident is open.")


@app.command()
def test() -> None:
    """Send a message over each channel of the settings, and say which accepted it. Needs no warehouse.

    For example:

        ALARM_SLACK_URL=https://hooks.slack.com/services/... sigmasight alarms test
    """
    from flows.alarms.channels import channels_of
    from flows.alarms.trial import trial_message
    from flows.console import console, set_up_logging
    from flows.errors import UsageError
    from warehouse.settings import get_settings

    settings = get_settings()
    set_up_logging(settings)
    channels = channels_of(settings)
    if not channels:
        raise UsageError(
            "No channel is set: name one in ALARM_WEBHOOK_URL, ALARM_SLACK_URL or ALARM_EMAIL_TO "
            "(docs/alarms.md)."
        )
    failed = []
    for channel in channels:
        try:
            notice = channel.send(trial_message(settings))
        except ChannelError as error:
            failed.append(channel.name)
            console().print(f"{channel.name:<10} failed: {error}", markup=False)
        else:
            console().print(f"{channel.name:<10} accepted{f', but {notice}' if notice else ''}", markup=False)
    if failed:
        raise ChannelError(f"The message was not accepted over {', '.join(failed)}: correct the settings.")


def _line(incident: "Incident") -> str:
    since = f"since {_utc(incident.opened_at)}"
    if incident.resolved_at is not None:
        since = f"{_utc(incident.opened_at)} to {_utc(incident.resolved_at)}"
    level = "ended" if incident.resolved_at is not None else incident.severity.upper()
    return f"{level} {incident.kind} ({since}): {' '.join(incident.summary.split())}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
