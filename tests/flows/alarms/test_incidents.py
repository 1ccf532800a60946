"""Incidents: reported once over each channel however often they are seen, and once when they end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flows.alarms.report import Report, report_alarms, report_quietly
from flows.alarms.unreachable import KIND, report_unreachable
from flows.alarms.watches.watch import CRITICAL, WARNING, Found, View, Watch
from flows.errors import AlarmsBusyError
from flows.maintenance.retention import clean_up
from tests.flows.alarms.receivers import Hook, PostOffice, closed_port, listening, post_office
from tests.flows.flow_helpers import CommandLine, one
from tests.flows.in_process import invoke
from warehouse.connections import Warehouse
from warehouse.errors import WarehouseUnavailableError
from warehouse.locks import ALARM_LOCK

TO = "ann@example.com"


class World:
    """What is wrong at present, as two watches see it."""

    def __init__(self) -> None:
        self.coverage: dict[str, str] = {}
        self.night: str | None = None
        self.is_blind = False

    @property
    def watches(self) -> tuple[Watch, ...]:
        return Watch("night_failed", CRITICAL, self._night), Watch("coverage_low", WARNING, self._coverage)

    def _night(self, view: View) -> Iterator[Found]:
        if self.is_blind:
            view.connection.execute("select * from a_mart_that_is_missing")
        if self.night is not None:
            yield Found("", self.night)

    def _coverage(self, _view: View) -> Iterator[Found]:
        for subject, sentence in self.coverage.items():
            yield Found(subject, sentence)


class Stage:
    """A warehouse whose channels are a webhook, Slack and a mail server; look() is one occasion."""

    def __init__(self, warehouse: Warehouse, hook: Hook, slack: Hook, office: PostOffice) -> None:
        self.hook, self.slack, self.office = hook, slack, office
        self.world = World()
        self.warehouse = with_channels(
            warehouse,
            alarm_webhook_url=SecretStr(hook.url),
            alarm_slack_url=SecretStr(slack.url),
            alarm_email_to=(TO,),
            smtp_port=office.port,
        )

    def look(self, warehouse: Warehouse | None = None) -> Report:
        return report_alarms(warehouse or self.warehouse, self.world.watches)


def with_channels(warehouse: Warehouse, **settings: Any) -> Warehouse:
    chosen = {"smtp_security": "none", "smtp_host": "127.0.0.1", "alarm_timeout_seconds": 60.0, **settings}
    return replace(warehouse, settings=warehouse.settings.model_copy(update=chosen))


@pytest.fixture
def stage(module_warehouse: Warehouse, hook: Hook) -> Iterator[Stage]:
    with ExitStack() as servers:
        slack = servers.enter_context(listening())
        yield Stage(module_warehouse, hook, slack, servers.enter_context(post_office()))
        with module_warehouse.connect_writer() as connection:
            connection.execute("truncate ops.incidents, ops.incident_messages")


def messages(stage: Stage) -> tuple[int, int, int]:
    return len(stage.hook.bodies), len(stage.slack.bodies), len(stage.office.mails)


# --- once ---------------------------------------------------------------------------------------------------


def test_an_incident_is_reported_once_over_several_nights_and_once_when_it_ends(stage: Stage) -> None:
    assert stage.look().incidents == ()
    assert messages(stage) == (0, 0, 0)
    for night in range(4):
        stage.world.night = f"Run {night} failed."
        (incident,) = stage.look().incidents
        assert incident.summary == f"Run {night} failed."  # as seen last
        assert messages(stage) == (1, 1, 1)
    stage.world.night = None
    for _ in range(3):
        assert stage.look().incidents == ()
        assert messages(stage) == (2, 2, 2)
    assert stage.hook.kinds("opened") == stage.hook.kinds("resolved") == ["night_failed"]
    assert "It was: Run 3 failed." in stage.slack.bodies[1]["text"]
    assert "It was: Run 3 failed." in stage.office.mails[1].get_content()
    stage.world.night = "Run 9 failed."  # another incident
    stage.look()
    assert messages(stage) == (3, 3, 3)
    assert (
        stage.hook.bodies[2]["incidents"][0]["incident_id"]
        != stage.hook.bodies[0]["incidents"][0]["incident_id"]
    )


def test_each_subject_is_an_incident_and_one_occasion_is_one_message(stage: Stage) -> None:
    stage.world.coverage = {"one": "Growth: 40 %.", "two": "Income: 50 %."}
    stage.look()
    stage.world.coverage = {"two": "Income: 45 %.", "three": "Value: 10 %."}
    stage.look()
    assert messages(stage) == (2, 2, 2)
    events = [(each["event"], each["subject"]) for each in stage.hook.bodies[1]["incidents"]]
    assert events == [("opened", "three"), ("resolved", "one")]


def test_two_processes_at_the_same_moment_report_once(stage: Stage) -> None:
    stage.world.night = "It failed."
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: stage.look(), range(8)))
    assert messages(stage) == (1, 1, 1)
    assert one(stage.warehouse, "select count(*) from ops.incidents") == 1


def test_a_process_that_waits_in_vain_for_another_reports_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.alarms.report.PATIENCE", stage.warehouse.settings.may_take * 0.0001)
    with stage.warehouse.connect_writer(autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [ALARM_LOCK])
        with pytest.raises(AlarmsBusyError):
            stage.look()
        report_quietly(stage.warehouse)  # which a night survives
    assert messages(stage) == (0, 0, 0)


def test_a_restart_between_two_checks_repeats_nothing(stage: Stage) -> None:
    """Two processes of the command line, of which the second also sees the end."""
    variables = {
        "ALARM_WEBHOOK_URL": stage.hook.url,
        "NIGHT_DUE_MINUTES": "1",
        "SMTP_PORT": "1",
        "ALARM_EMAIL_TO": "",
    }
    command = CommandLine(stage.warehouse)
    insert = "insert into ops.runs (kind, status, phase, finished_at, error) values"
    with stage.warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(f"{insert} ('nightly', 'failed', 'building', now(), 'no space')".encode())
        first = invoke(["alarms", "check"], command.environment | variables)
        assert (first.returncode, first.stdout.split()[:2]) == (2, ["CRITICAL", "night_failed"])
        assert "no space" in first.stdout
        again = invoke(["alarms", "check"], command.environment | variables)
        assert (again.returncode, "sent over" in again.stdout) == (2, False)
        connection.execute(f"{insert} ('nightly', 'succeeded', 'done', now(), null)".encode())
        last = invoke(["alarms", "check"], command.environment | variables)
        connection.execute("truncate ops.runs cascade")
    assert last.returncode == 0, last.stdout
    assert stage.hook.kinds("opened") == stage.hook.kinds("resolved") == ["night_failed"]
    assert len(stage.hook.bodies) == 2


# --- channels that fail -------------------------------------------------------------------------------------


def test_a_channel_that_fails_is_tried_again_and_holds_up_no_other(stage: Stage) -> None:
    stage.world.night = "It failed."
    stage.hook.status = 500
    report = stage.look()
    assert set(report.failed) == {"webhook"}
    assert messages(stage) == (0, 1, 1)
    failures = "select failures, last_error from ops.incident_messages where channel = 'webhook'"
    with stage.warehouse.connect_writer() as connection:
        assert connection.execute(failures).fetchall() == [(1, "the server answered 500 invalid_token")]
    stage.look()
    stage.hook.status = 200
    assert stage.look().failed == {}
    stage.look()
    assert messages(stage) == (1, 1, 1)


def test_an_incident_that_ends_before_its_message_arrives_is_told_once(stage: Stage) -> None:
    stage.world.night = "It failed."
    stage.hook.status = 500
    stage.look()
    stage.world.night = None
    stage.look()
    stage.hook.status = 200
    stage.look()
    assert messages(stage) == (1, 2, 2)
    (told,) = stage.hook.bodies[0]["incidents"]
    assert (told["event"], told["kind"]) == ("resolved", "night_failed")


@pytest.mark.parametrize("fault", ["refused", "silent", "recipient"])
def test_faults_of_the_mail_server_neither_raise_nor_lose_a_message(stage: Stage, fault: str) -> None:
    stage.world.night = "It failed."
    stage.office.silent = fault == "silent"
    stage.office.refused = {TO} if fault == "recipient" else set()
    port = closed_port() if fault == "refused" else stage.office.port
    patience = 0.5 if fault == "silent" else 60.0
    mail_only = {"alarm_webhook_url": None, "alarm_slack_url": None, "alarm_timeout_seconds": patience}
    assert set(stage.look(with_channels(stage.warehouse, smtp_port=port, **mail_only)).failed) == {"email"}
    assert messages(stage) == (0, 0, 0)
    stage.office.silent, stage.office.refused = False, set()
    stage.look()
    assert messages(stage) == (1, 1, 1)


def test_a_channel_that_is_added_later_hears_of_what_is_open_only(stage: Stage) -> None:
    alone = with_channels(stage.warehouse, alarm_slack_url=None, alarm_email_to=())
    stage.world.coverage = {"one": "Growth: 40 %.", "two": "Income: 50 %."}
    stage.look(alone)
    del stage.world.coverage["one"]
    stage.look(alone)
    stage.look()
    assert messages(stage) == (2, 1, 1)
    assert "Income" in stage.slack.bodies[0]["text"]
    assert "Growth" not in stage.slack.bodies[0]["text"]


# --- watches that cannot see --------------------------------------------------------------------------------


def test_a_watch_that_cannot_read_neither_opens_nor_ends_an_incident(stage: Stage) -> None:
    stage.world.night = "It failed."
    stage.look()
    stage.world.is_blind = True
    stage.world.coverage = {"one": "Growth: 40 %."}
    report = stage.look()
    assert report.unknown == {"night_failed"}
    assert [incident.kind for incident in report.incidents] == ["night_failed", "coverage_low"]
    stage.world.is_blind, stage.world.night = False, None
    assert [incident.kind for incident in stage.look().incidents] == ["coverage_low"]


def test_an_incident_of_a_kind_that_nothing_watches_any_more_ends(stage: Stage) -> None:
    stage.world.night = "It failed."
    stage.look()
    report = report_alarms(stage.warehouse, ())
    assert report.incidents == ()
    assert stage.hook.kinds("resolved") == ["night_failed"]


def test_summaries_hold_no_password(stage: Stage) -> None:
    stage.world.night = "The connection postgresql://u:swordfish-db@h/d broke."
    secret = with_channels(stage.warehouse, smtp_password=SecretStr("swordfish-db"))
    stage.look(secret)
    assert "swordfish" not in one(stage.warehouse, "select string_agg(summary, ' ') from ops.incidents")
    assert stage.hook.bodies[0]["incidents"][0]["summary"] == "The connection postgresql://u:***@h/d broke."


# --- a warehouse that cannot be reached ---------------------------------------------------------------------


def test_an_unreachable_warehouse_is_reported_once_and_ends_when_it_answers(stage: Stage) -> None:
    settings = stage.warehouse.settings
    stage.slack.status = 500
    for _ in range(3):
        report_unreachable(settings, WarehouseUnavailableError("The database is away."))
    assert messages(stage) == (1, 0, 1)
    stage.slack.status = 200
    report_unreachable(settings, WarehouseUnavailableError("The database is away."))
    assert messages(stage) == (1, 1, 1)
    assert stage.hook.kinds() == [KIND]
    assert stage.look().incidents == ()
    assert messages(stage) == (2, 2, 2)
    assert stage.hook.kinds("resolved") == [KIND]
    stage.look()
    assert messages(stage) == (2, 2, 2)
    report_unreachable(settings, WarehouseUnavailableError("The database is away again."))
    assert messages(stage) == (3, 3, 3)
    stage.look()


@pytest.mark.parametrize("arguments", [["alarms", "check"], ["nightly", "--force"]])
def test_commands_report_a_database_that_is_away(arguments: list[str], hook: Hook, tmp_path: Path) -> None:
    variables = {
        "SIGMASIGHT_HOME": str(tmp_path),
        "DATABASE_URL": f"postgresql://nobody:swordfish-db@127.0.0.1:{closed_port()}/x?connect_timeout=1",
        "ALARM_WEBHOOK_URL": hook.url,
    }
    for _ in range(2):
        done = invoke(arguments, variables)
        assert done.returncode == (3 if arguments[0] == "alarms" else 1)
        assert "swordfish" not in done.stdout + done.stderr
    assert hook.kinds() == [KIND]
    assert "swordfish" not in str(hook.bodies)
    kept = list((tmp_path / ".warehouse").glob("unreachable_*.json"))
    assert len(kept) == 1
    assert "swordfish" not in kept[0].read_text()


# --- commands, retention ------------------------------------------------------------------------------------


def test_the_commands_list_and_try(stage: Stage) -> None:
    environment = CommandLine(stage.warehouse).environment
    assert "No incident is open." in invoke(["alarms", "list"], environment).stdout
    stage.world.night = "It failed."
    stage.look()
    stage.world.night, stage.world.coverage = None, {"one": "Growth: 40 %."}
    stage.look()
    listed = invoke(["alarms", "list"], environment).stdout
    assert listed.startswith("WARNING coverage_low (since ")
    assert "night_failed" not in listed
    everything = invoke(["alarms", "list", "--all", "--json"], environment).stdout
    assert ['"night_failed"' in everything, '"coverage_low"' in everything] == [True, True]
    tried = invoke(["alarms", "test"], environment | {"ALARM_WEBHOOK_URL": stage.hook.url})
    assert (tried.returncode, tried.stdout.split()[:2]) == (0, ["webhook", "accepted"])
    assert stage.hook.kinds("resolved")[-1] == "trial"
    assert one(stage.warehouse, "select count(*) from ops.incidents where kind = 'trial'") == 0


def test_a_trial_fails_with_the_channel_that_fails(hook: Hook, tmp_path: Path) -> None:
    variables = {"SIGMASIGHT_HOME": str(tmp_path)}
    none = invoke(["alarms", "test"], variables)
    assert (none.returncode, "No channel is set" in none.stderr) == (1, True)
    hook.status = 403
    refused = invoke(["alarms", "test"], {**variables, "ALARM_SLACK_URL": hook.url})
    assert refused.returncode == 1
    assert "slack      failed: the server answered 403 invalid_token" in refused.stdout
    assert "swordfish" not in refused.stdout + refused.stderr


def test_ended_incidents_are_kept_for_a_year(stage: Stage) -> None:
    stage.world.night, stage.world.coverage = "It failed.", {"one": "Growth: 40 %."}
    stage.look()
    with stage.warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(
            "update ops.incidents set opened_at = now() - interval '3 years',"
            " resolved_at = case when kind = 'night_failed' then now() - interval '366 days' end"
        )
    assert clean_up(stage.warehouse, dry_run=True)["records of ended incidents"] == 1
    clean_up(stage.warehouse)
    assert one(stage.warehouse, "select string_agg(kind, ',') from ops.incidents") == "coverage_low"
