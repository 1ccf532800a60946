"""The channels: a webhook that takes JSON, Slack's incoming webhook, e-mail.

Each sends a message within ALARM_TIMEOUT_SECONDS, whatever the other side does, or raises ChannelError. No
message of an error holds a secret of the settings.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Protocol

from flows.alarms.messages import Message
from flows.errors import ChannelError
from flows.log_format import hide_secrets
from warehouse.settings import Settings

SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
SHOWN = 200  # bytes of an answer
PLAIN = {"Accept-Encoding": "identity"}  # a compressed answer could grow when it is read


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """Its name in ops.incident_messages."""
        ...

    def send(self, message: Message) -> str | None:
        """Deliver the message; what an operator should know of it, if anything. Raises ChannelError."""
        ...


def channels_of(settings: Settings) -> tuple[Channel, ...]:
    """The channels that the settings name."""
    found: list[Channel] = []
    if settings.alarm_webhook_url is not None:
        found.append(Webhook(settings))
    if settings.alarm_slack_url is not None:
        found.append(Slack(settings))
    if settings.alarm_email_to:
        found.append(Email(settings))
    return tuple(found)


@dataclass(frozen=True)
class Webhook:
    """ALARM_WEBHOOK_URL: the message as JSON."""

    settings: Settings
    name: str = "webhook"

    def send(self, message: Message) -> str | None:
        url, token = self.settings.alarm_webhook_url, self.settings.alarm_webhook_token
        headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
        _post(self.settings, url.get_secret_value() if url else "", message.as_json(), headers)
        return None


@dataclass(frozen=True)
class Slack:
    """ALARM_SLACK_URL: the message as text."""

    settings: Settings
    name: str = "slack"

    def send(self, message: Message) -> str | None:
        url = self.settings.alarm_slack_url
        _post(self.settings, url.get_secret_value() if url else "", message.as_slack(), {})
        return None


@dataclass(frozen=True)
class Email:
    """ALARM_EMAIL_TO over SMTP."""

    settings: Settings
    name: str = "email"

    def send(self, message: Message) -> str | None:
        refused = _in_time(self.settings, lambda: self._send(self._mail(message)))
        return f"the mail server refused {', '.join(refused)}" if refused else None

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        sender = self.settings.alarm_email_from or self.settings.alarm_email_to[0]
        mail["Subject"] = f"SigmaSight {message.headline}"
        mail["From"], mail["To"] = sender, ", ".join(self.settings.alarm_email_to)
        mail["Date"] = format_datetime(message.sent_at)
        mail["Message-ID"] = f"<{message.key}@sigmasight.{socket.gethostname()}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.as_text())
        return mail

    def _send(self, mail: EmailMessage) -> list[str]:
        """Send, and return the recipients that were refused while others were accepted."""
        with self._connect() as server:
            if self.settings.smtp_user is not None:
                self._log_in(server, self.settings.smtp_user)
            return sorted(server.send_message(mail))

    def _connect(self) -> smtplib.SMTP:
        security = self.settings.smtp_security
        where = (self.settings.smtp_host, self.settings.smtp_port or SMTP_PORTS[security])
        timeout = self.settings.alarm_timeout_seconds
        if security == "tls":
            return smtplib.SMTP_SSL(*where, timeout=timeout, context=ssl.create_default_context())
        server = smtplib.SMTP(*where, timeout=timeout)
        if security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server

    def _log_in(self, server: smtplib.SMTP, user: str) -> None:
        if self.settings.smtp_security == "none" and self.settings.smtp_host not in THIS_MACHINE:
            raise ChannelError(
                "SMTP_USER is not sent without encryption: set SMTP_SECURITY to starttls or tls"
            )
        password = self.settings.smtp_password
        server.login(user, "" if password is None else password.get_secret_value())


def _post(settings: Settings, url: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    _in_time(settings, lambda: _post_plainly(settings, url, body, headers))


def _post_plainly(settings: Settings, url: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    import httpx  # noqa: PLC0415 - most runs send nothing

    try:
        with httpx.stream(
            "POST", url, json=body, headers=PLAIN | headers, timeout=settings.alarm_timeout_seconds
        ) as response:
            if response.is_success:
                return
            said = next(response.iter_raw(SHOWN), b"").decode(errors="replace")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChannelError(f"{type(error).__name__}: {error}") from error
    raise ChannelError(f"the server answered {response.status_code} {' '.join(said.split())}".rstrip())


def _in_time(settings: Settings, send: Callable[[], Any]) -> Any:
    """Run `send` for ALARM_TIMEOUT_SECONDS at most: time-outs of sockets begin again with every byte.

    A thread that is late goes on alone, and nobody waits for it.
    """
    outcome: list[Any] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(send())
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True, name="alarm")
    thread.start()
    thread.join(settings.alarm_timeout_seconds)
    if failure:
        raise ChannelError(_explain(settings, failure[0])) from None
    if not outcome:
        raise ChannelError(f"no answer within {settings.alarm_timeout_seconds:g} seconds")
    return outcome[0]


def _explain(settings: Settings, error: Exception) -> str:
    """An error in one line, without the secrets of the settings."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = f"the mail server refused every recipient: {', '.join(sorted(error.recipients))}"
    elif isinstance(error, ChannelError):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {error}"
    return hide_secrets(" ".join(said.split()), settings)
