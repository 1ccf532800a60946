"""The settings of alarms, a part of `warehouse.settings.Settings`."""

import re
from datetime import timedelta
from email.utils import parseaddr
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

Percent = Annotated[float, Field(ge=0, le=100)]


def _is_address(text: str) -> bool:
    return "," not in text and bool(re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", parseaddr(text)[1]))


def _addresses(value: object) -> object:
    """Read `ann@example.com, bob@example.com` as a tuple of addresses."""
    if not isinstance(value, str):
        return value
    addresses = tuple(address.strip() for address in value.split(",") if address.strip())
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong:
        raise ValueError(f"write e-mail addresses separated by commas; {wrong[0]!r} is not an address")
    return addresses


def _address(value: str | None) -> str | None:
    if value is not None and not _is_address(value):
        raise ValueError("write one e-mail address, such as alarms@example.com")
    return value


def _http_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write a URL that begins with https:// or http://")
    return value


Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_addresses)]
Address = Annotated[str | None, AfterValidator(_address)]
SecretUrl = Annotated[SecretStr | None, AfterValidator(_http_url)]


def _in_small_letters(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class AlarmSettings(BaseSettings):
    """Where alarms are sent, and from when on something is one."""

    # Channels
    alarm_webhook_url: SecretUrl = Field(
        default=None, description="URL to which alarms are sent as JSON; default: none."
    )
    alarm_webhook_token: SecretStr | None = Field(
        default=None, description="Sent to ALARM_WEBHOOK_URL as a bearer token; default: none."
    )
    alarm_slack_url: SecretUrl = Field(
        default=None,
        description="Incoming webhook of Slack, or of a chat that reads its form; default: none.",
    )
    alarm_email_to: Addresses = Field(
        default=(), description="Addresses to which alarms are sent, separated by commas; default: none."
    )
    alarm_email_from: Address = Field(
        default=None, description="Sender of alarms; default: the first of ALARM_EMAIL_TO."
    )
    smtp_host: str = Field(default="localhost", min_length=1, description="Mail server for alarms.")
    smtp_port: int | None = Field(
        default=None,
        gt=0,
        lt=65536,
        description="Port of the mail server; default: 587 with starttls, 465 with tls, 25 with none.",
    )
    smtp_security: Annotated[Literal["starttls", "tls", "none"], BeforeValidator(_in_small_letters)] = Field(
        default="starttls",
        description="Encryption of mail on its way to the server: starttls, tls (from the start) or none.",
    )
    smtp_user: str | None = Field(
        default=None, description="Login at the mail server; default: no login. Not sent without encryption."
    )
    smtp_password: SecretStr | None = Field(default=None, description="Password of SMTP_USER.")
    alarm_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="Seconds that the delivery over a channel may take."
    )
    alarm_check_minutes: float = Field(
        default=15.0,
        gt=0,
        le=1440,
        description="Minutes between the checks of a running `sigmasight schedule`.",
    )

    # From when on something is an alarm
    night_due_minutes: int = Field(
        default=240,
        gt=0,
        le=10_080,
        description="Minutes after 23:30 UTC by which a session is published; later, it is overdue.",
    )
    build_minutes: float = Field(
        default=180.0, gt=0, description="Minutes that a build may take; then it is ended and fails."
    )
    alarm_prices_percent: Percent = Field(
        default=95.0,
        description="Alarm if fewer of the symbols held have a price of the last session, in percent.",
    )
    alarm_coverage_percent: Percent = Field(
        default=80.0,
        description="Alarm if the risk figures measure less of a portfolio's positions, in percent.",
    )
    alarm_profiles_percent: Percent = Field(
        default=80.0, description="Alarm if fewer of the symbols held have a profile, in percent."
    )
    alarm_vendor_percent: Percent = Field(
        default=90.0,
        description="Alarm if fewer of the rows that a source gave last can be used, in percent.",
    )

    @property
    def may_take(self) -> timedelta:
        """How long after its start a night may take."""
        return timedelta(minutes=self.night_due_minutes)
