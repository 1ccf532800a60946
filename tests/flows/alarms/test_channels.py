"""The channels, against servers that accept, fail, are silent, or answer a byte a second."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from flows.alarms.channels import Email, Slack, Webhook, channels_of
from flows.alarms.incidents import Event, Incident, Notice
from flows.alarms.messages import MOST_LINES, make_message
from flows.console import set_up_logging
from flows.errors import ChannelError
from tests.flows.alarms.receivers import (
    Hook,
    PostOffice,
    closed_port,
    listening,
    make_certificate,
    post_office,
)
from warehouse.settings import Settings

AT = datetime(2025, 7, 15, 3, 31, tzinfo=UTC)
TO = ("ann@example.com", "bob@example.com")
SECRETS = ("swordfish-in-the-path", "swordfish-token", "swordfish-password")


def notice(event: Event = "opened", kind: str = "night_failed", summary: str = "It failed.") -> Notice:
    severity = "critical" if kind.startswith("night") else "warning"
    ended = datetime(2025, 7, 15, 9, 2, tzinfo=UTC) if event == "resolved" else None
    return Notice(event, Incident(12, kind, "", severity, summary, AT, ended))


MESSAGE = make_message([notice(), notice("resolved", "coverage_low", "Growth: 40 %.")], "risk", AT)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as hook:
        yield hook


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def hooked(hook: Hook, **more: Any) -> Settings:
    url = SecretStr(hook.url)
    return Settings(alarm_webhook_url=url, alarm_slack_url=url, **{"alarm_timeout_seconds": 60, **more})


def mailed(office: PostOffice, **more: Any) -> Settings:
    chosen = {"smtp_security": "none", "alarm_timeout_seconds": 60, **more}
    return Settings(alarm_email_to=TO, smtp_host="localhost", smtp_port=office.port, **chosen)


# --- what is sent -------------------------------------------------------------------------------------------


def test_the_webhook_gets_json_with_the_token(hook: Hook) -> None:
    token = SecretStr("swordfish-token")
    assert Webhook(hooked(hook, alarm_webhook_token=token)).send(MESSAGE) is None
    (body,) = hook.bodies
    assert hook.headers[0]["Authorization"] == "Bearer swordfish-token"
    assert (body["version"], body["source"], body["key"]) == (1, "sigmasight", MESSAGE.key)
    assert body["summary"].startswith("CRITICAL: 1 alarm, 1 ended (risk on ")
    assert body["sent_at"] == "2025-07-15T03:31:00Z"
    opened, ended = body["incidents"]
    assert (opened["event"], opened["kind"], opened["severity"]) == ("opened", "night_failed", "critical")
    assert (opened["incident_id"], opened["subject"], opened["summary"]) == (12, "", "It failed.")
    assert (opened["opened_at"], opened["resolved_at"]) == ("2025-07-15T03:31:00Z", None)
    assert (ended["event"], ended["kind"], ended["severity"]) == ("resolved", "coverage_low", "warning")
    assert ended["resolved_at"] == "2025-07-15T09:02:00Z"


def test_slack_gets_text_in_which_nothing_is_markup(hook: Hook) -> None:
    shouted = make_message([notice(summary="<!channel> & <https://evil.example|click>")], "risk", AT)
    Slack(hooked(hook)).send(shouted)
    (body,) = hook.bodies
    assert set(body) == {"text"}
    assert (
        "• critical night_failed: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;" in body["text"]
    )
    assert "<" not in body["text"]


def test_the_mail_says_what_began_and_what_ended(office: PostOffice) -> None:
    assert Email(mailed(office)).send(MESSAGE) is None
    (mail,) = office.mails
    assert office.recipients == [list(TO)]
    assert mail["Subject"].startswith("SigmaSight CRITICAL: 1 alarm, 1 ended (risk on ")
    assert (mail["From"], mail["To"]) == ("ann@example.com", "ann@example.com, bob@example.com")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert MESSAGE.key in mail["Message-ID"]
    text = mail.get_content()
    assert "critical night_failed: It failed." in text
    assert "ended coverage_low (2025-07-15 03:31 UTC to 2025-07-15 09:02 UTC). It was: Growth: 40 %." in text


def test_an_attempt_that_is_repeated_has_the_same_key() -> None:
    later = make_message(MESSAGE.notices, "risk", datetime(2025, 7, 16, tzinfo=UTC))
    assert later.key == MESSAGE.key
    assert make_message([notice("resolved")], "risk").key != make_message([notice()], "risk").key


def test_a_summary_with_line_breaks_stays_on_its_line_and_out_of_the_headers(office: PostOffice) -> None:
    message = make_message([notice(summary="one\nBcc: eve@example.com\r\ntwo")], "risk", AT)
    Email(mailed(office)).send(message)
    assert "one Bcc: eve@example.com two" in office.mails[0].get_content()
    assert office.mails[0]["Bcc"] is None
    assert office.recipients == [list(TO)]


def test_very_many_incidents_are_one_message_of_bounded_length() -> None:
    message = make_message([notice(summary="x" * 100_000)] * 200, "risk", AT)
    assert len(message.lines()) == MOST_LINES + 1
    assert message.lines()[-1] == "… and 150 more"
    assert len(message.as_text()) < 60_000
    assert len(message.as_json()["incidents"]) == 200


@pytest.mark.parametrize(
    ("notices", "words"),
    [
        ([notice(kind="coverage_low")] * 2, "WARNING: 2 alarms ("),
        ([notice()], "CRITICAL: 1 alarm ("),
        ([notice("resolved")] * 3, "OK: 3 ended ("),
    ],
)
def test_the_headline_has_the_worst_level_and_the_counts(notices: list[Notice], words: str) -> None:
    assert make_message(notices, "risk").headline.startswith(words)


def test_the_channels_are_those_of_the_settings(hook: Hook, office: PostOffice) -> None:
    assert channels_of(Settings()) == ()
    assert [channel.name for channel in channels_of(hooked(hook))] == ["webhook", "slack"]
    assert [channel.name for channel in channels_of(mailed(office))] == ["email"]


# --- encryption and logins ----------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_is_encrypted_and_the_login_with_it(
    security: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = {"smtp_user": "risk", "smtp_password": SecretStr("swordfish-password")}
    served = {"certificate": certificate, "is_implicit": security == "tls"}
    with post_office(login=("risk", "swordfish-password"), **served) as office:
        Email(mailed(office, smtp_security=security, **login)).send(MESSAGE)
        assert office.logins == [("risk", "swordfish-password", True)]
        assert len(office.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_trusts_stops_the_mail(security: str, certificate: Path) -> None:
    served = {"certificate": certificate, "is_implicit": security == "tls"}
    with post_office(**served) as office:
        settings = mailed(office, smtp_security=security, smtp_user="risk", smtp_password=SecretStr("x" * 8))
        with pytest.raises(ChannelError, match=r"(?i)certificate"):
            Email(settings).send(MESSAGE)
        assert (office.mails, office.logins) == ([], [])


def test_a_server_without_starttls_gets_no_mail_in_the_clear(office: PostOffice) -> None:
    with pytest.raises(ChannelError, match="STARTTLS"):
        Email(mailed(office, smtp_security="starttls")).send(MESSAGE)
    assert office.mails == []


def test_a_login_does_not_leave_the_machine_in_the_clear(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = mailed(office, smtp_user="risk", smtp_password=SecretStr("swordfish-password"))
    monkeypatch.setattr("flows.alarms.channels.THIS_MACHINE", set())  # as if localhost were another one
    with pytest.raises(ChannelError, match="not sent without encryption"):
        Email(settings).send(MESSAGE)
    assert (office.mails, office.logins) == ([], [])


def test_the_certificate_of_a_webhook_is_checked(certificate: Path) -> None:
    with post_office(certificate=certificate, is_implicit=True) as office:
        url = SecretStr(f"https://localhost:{office.port}/x")
        with pytest.raises(ChannelError, match=r"(?i)certificate"):
            Webhook(Settings(alarm_webhook_url=url, alarm_timeout_seconds=60)).send(MESSAGE)


# --- failures -----------------------------------------------------------------------------------------------


def refusing(name: str) -> Settings:
    """Settings whose channel meets a port on which nothing listens."""
    port = closed_port()
    if name == "email":
        return Settings(alarm_email_to=TO, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    url = SecretStr(f"http://127.0.0.1:{port}/services/swordfish-in-the-path")
    token = SecretStr("swordfish-token")
    return Settings(alarm_webhook_url=url, alarm_slack_url=url, alarm_webhook_token=token)


@pytest.mark.parametrize("name", ["webhook", "slack", "email"])
def test_a_connection_that_is_refused_is_an_error_at_once(name: str) -> None:
    settings = refusing(name)
    channel = {one.name: one for one in channels_of(settings)}[name]
    with pytest.raises(ChannelError, match=r"(?i)refused|failed") as caught:
        channel.send(MESSAGE)
    assert not any(secret in str(caught.value) for secret in SECRETS)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_other_than_success_is_an_error_with_its_text(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(ChannelError, match=f"the server answered {status}") as caught:
        Webhook(hooked(hook)).send(MESSAGE)
    assert ("invalid_token" in str(caught.value)) is (status >= 400)
    assert len(hook.asked) == 1  # a redirect is not followed: it may lead anywhere
    assert not any(secret in str(caught.value) for secret in SECRETS)


@pytest.mark.parametrize("fault", ["silent", "drip"])
def test_a_webhook_that_is_slow_is_given_up_in_time(hook: Hook, fault: str) -> None:
    hook.silent, hook.drip = fault == "silent", 0.2 if fault == "drip" else 0.0
    begun = time.monotonic()
    with pytest.raises(ChannelError, match=r"no answer within 0.5 seconds|Timeout"):
        Webhook(hooked(hook, alarm_timeout_seconds=0.5)).send(MESSAGE)
    assert time.monotonic() - begun < 15


def test_a_mail_server_that_is_silent_is_given_up_in_time() -> None:
    with post_office(silent=True) as office:
        begun = time.monotonic()
        with pytest.raises(ChannelError, match=r"(?i)no answer within 0.5 seconds|timed out"):
            Email(mailed(office, alarm_timeout_seconds=0.5)).send(MESSAGE)
        assert time.monotonic() - begun < 15


def test_recipients_that_are_all_refused_are_an_error(office: PostOffice) -> None:
    office.refused = set(TO)
    with pytest.raises(ChannelError, match=r"refused every recipient: ann@example.com, bob@example.com"):
        Email(mailed(office)).send(MESSAGE)


def test_a_refused_recipient_is_named_and_the_others_get_the_mail_once(office: PostOffice) -> None:
    office.refused = {"bob@example.com"}
    assert Email(mailed(office)).send(MESSAGE) == "the mail server refused bob@example.com"
    assert office.recipients == [["ann@example.com"]]


def test_a_wrong_password_is_an_error_that_does_not_name_it(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with post_office(login=("risk", "another"), certificate=certificate) as office:
        login = {"smtp_user": "risk", "smtp_password": SecretStr("swordfish-password")}
        with pytest.raises(ChannelError, match="535") as caught:
            Email(mailed(office, smtp_security="starttls", **login)).send(MESSAGE)
    assert "swordfish" not in str(caught.value)
    assert office.mails == []


# --- secrets ------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log file of a process that logs all it can, requests of httpx included."""
    root, requests = logging.getLogger(), logging.getLogger("httpx")
    handlers, levels = root.handlers, (root.level, requests.level)
    root.handlers = []
    yield tmp_path / ".warehouse" / "logs" / "sigmasight.log"
    root.handlers = handlers
    root.setLevel(levels[0])
    requests.setLevel(levels[1])


def test_no_log_holds_the_address_or_the_token_of_a_webhook(hook: Hook, tmp_path: Path, log: Path) -> None:
    token = SecretStr("swordfish-token")
    settings = hooked(hook, sigmasight_home=tmp_path, log_level="DEBUG", alarm_webhook_token=token)
    set_up_logging(settings)
    logging.getLogger("httpx").setLevel(logging.INFO)
    Webhook(settings).send(MESSAGE)
    Slack(settings).send(MESSAGE)
    logging.getLogger("test").warning("asked for %s", hook.url.rpartition(":")[2])
    text = log.read_text()
    assert text.count("***") >= 3
    assert not any(secret in text for secret in SECRETS)
