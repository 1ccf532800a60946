"""Settings: each is an environment variable, described, checked, and kept out of messages when secret."""

import stat
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from warehouse.errors import SettingsError
from warehouse.settings import Settings, get_settings, project_root

VALUES = {
    "sigmasight_home": ("/srv/sigmasight", Path("/srv/sigmasight")),
    "database_url": ("postgresql://u@h/d", "postgresql://u@h/d"),
    "warehouse_database": ("second", "second"),
    "embedded_port": ("5433", 5433),
    "backup_key": ("b" * 40, SecretStr("b" * 40)),
    "model_processes": ("1", 1),
    "dask_scheduler": ("local", "local"),
    "dask_symbols": ("500", 500),
    "dask_contracts": ("500", 500),
    "analyst_database_url": ("postgresql://a@h/d", "postgresql://a@h/d"),
    "api_database_url": ("postgresql://b@h/d", "postgresql://b@h/d"),
    "auth_database_url": ("postgresql://c@h/d", "postgresql://c@h/d"),
    "ai_database_url": ("postgresql://e@h/d", "postgresql://e@h/d"),
    "analyst_password": ("one", SecretStr("one")),
    "api_password": ("two", SecretStr("two")),
    "auth_password": ("three", SecretStr("three")),
    "ai_password": ("four", SecretStr("four")),
    "secret_key": ("k" * 40, SecretStr("k" * 40)),
    "access_token_minutes": ("20", 20),
    "session_days": ("7", 7),
    "login_attempts_per_address": ("50", 50),
    "login_attempts_per_account": ("5", 5),
    "login_wait_seconds": ("60", 60),
    "api_header_bytes": ("16384", 16384),
    "api_header_seconds": ("5.5", 5.5),
    "api_body_seconds": ("20.5", 20.5),
    "api_send_seconds": ("20.5", 20.5),
    "api_connections": ("100", 100),
    "api_requests_per_minute": ("600", 600),
    "api_anonymous_requests_per_minute": ("300", 300),
    "api_requests_at_once": ("20", 20),
    "api_body_bytes": ("32768", 32768),
    "what_if_trades": ("50", 50),
    "api_pool_size": ("16", 16),
    "api_wait_seconds": ("5.5", 5.5),
    "api_statement_seconds": ("7.5", 7.5),
    "trusted_proxies": ("127.0.0.1,10.0.0.0/8", ("127.0.0.1", "10.0.0.0/8")),
    "api_cors_origins": ("https://risk.example.com", ("https://risk.example.com",)),
    "dbt_manifest": ("/srv/manifest.json", Path("/srv/manifest.json")),
    "api_host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - only read back
    "api_port": ("9000", 9000),
    "port": ("9001", 9001),
    "openai_api_key": ("chat openai_api_key", SecretStr("chat openai_api_key")),
    "openai_base_url": ("other", "other"),
    "chat_model": ("other", "other"),
    "chat_fallback_model": ("other", "other"),
    "embedding_model": ("other", "other"),
    "embedding_dimensions": ("255", 255),
    "chat_database_url": ("other", "other"),
    "chat_password": ("chat chat_password", SecretStr("chat chat_password")),
    "chat_sql_seconds": ("2.5", 2.5),
    "chat_sql_rows": ("499", 499),
    "chat_sql_bytes": ("99999", 99999),
    "chat_sql_cost": ("2500000.0", 2500000.0),
    "chat_sql_scanned_rows": ("500000.0", 500000.0),
    "chat_pool_size": ("3", 3),
    "chat_model_calls": ("7", 7),
    "chat_tool_calls": ("11", 11),
    "chat_seconds": ("30.0", 30.0),
    "chat_output_tokens": ("3999", 3999),
    "chat_history_messages": ("19", 19),
    "chat_requests_per_minute": ("9", 9),
    "chat_tokens_per_day": ("499999", 499999),
    "chat_streams": ("49", 49),
    "chat_streams_per_user": ("2", 2),
    "chat_memories": ("49", 49),
    "chat_memory_days": ("364", 364),
    "chat_days": ("364", 364),
    "statement_price_percent": ("20", Decimal(20)),
    "statement_position_to_equity": ("3", Decimal(3)),
    "statement_gross_to_equity": ("6.5", Decimal("6.5")),
    "statement_changed_symbols_percent": ("60", Decimal(60)),
    "statement_equity_gap_percent": ("2.5", Decimal("2.5")),
    "fmp_api_key": ("five", SecretStr("five")),
    "polygon_api_key": ("six", SecretStr("six")),
    "fred_api_key": ("seven", SecretStr("seven")),
    "price_sources": ("fmp,yfinance", ("fmp", "yfinance")),
    "profile_sources": ("fmp", ("fmp",)),
    "rate_sources": ("yfinance,fred", ("yfinance", "fred")),
    "option_sources": ("polygon", ("polygon",)),
    "yahoo_requests_per_minute": ("60.0", 60.0),
    "fmp_requests_per_minute": ("61.0", 61.0),
    "polygon_requests_per_minute": ("62.0", 62.0),
    "fred_requests_per_minute": ("63.0", 63.0),
    "vendor_timeout_seconds": ("7.5", 7.5),
    "vendor_attempts": ("2", 2),
    "vendor_first_pause_seconds": ("0.5", 0.5),
    "yahoo_url": ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    "fmp_url": ("http://127.0.0.1:2", "http://127.0.0.1:2"),
    "polygon_url": ("http://127.0.0.1:3", "http://127.0.0.1:3"),
    "fred_url": ("http://127.0.0.1:4", "http://127.0.0.1:4"),
    "alarm_webhook_url": ("https://h.example/a", SecretStr("https://h.example/a")),
    "alarm_webhook_token": ("eight", SecretStr("eight")),
    "alarm_slack_url": ("https://h.example/b", SecretStr("https://h.example/b")),
    "alarm_email_to": ("ann@example.com,bob@example.com", ("ann@example.com", "bob@example.com")),
    "alarm_email_from": ("risk@example.com", "risk@example.com"),
    "smtp_host": ("mail.example.com", "mail.example.com"),
    "smtp_port": ("2525", 2525),
    "smtp_security": ("tls", "tls"),
    "smtp_user": ("risk", "risk"),
    "smtp_password": ("nine", SecretStr("nine")),
    "alarm_timeout_seconds": ("2.5", 2.5),
    "alarm_check_minutes": ("7.5", 7.5),
    "night_due_minutes": ("300", 300),
    "build_minutes": ("90.0", 90.0),
    "alarm_prices_percent": ("99.0", 99.0),
    "alarm_coverage_percent": ("70.0", 70.0),
    "alarm_profiles_percent": ("60.0", 60.0),
    "alarm_vendor_percent": ("50.0", 50.0),
    "report_portfolios": ("Growth,Income", ("Growth", "Income")),
    "report_folder": ("/srv/reports", Path("/srv/reports")),
    "postgres_programs": ("/usr/lib/postgresql/17/bin", Path("/usr/lib/postgresql/17/bin")),
    "report_formats": ("html,pdf", ("html", "pdf")),
    "log_level": ("debug", "DEBUG"),
    "log_format": ("json", "json"),
    "restated_usd": ("2.5", 2.5),
    "restated_share": ("0.01", 0.01),
    "log_file_mb": ("7", 7),
    "log_files": ("8", 8),
    "log_days": ("9", 9),
    "rejected_days": ("10", 10),
    "run_days": ("11", 11),
    "response_days": ("12", 12),
    "superseded_days": ("13", 13),
}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_read_from_its_environment_variable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = VALUES[name]
    monkeypatch.setenv(name.upper(), text)
    settings = get_settings()
    assert getattr(settings, name) == value
    assert Settings.model_validate({}).as_environment()[name.upper()] in {text, text.upper()}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_in_a_sentence(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert description.endswith(".")


def test_every_setting_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VALUES:  # conftest.py sets some
        monkeypatch.delenv(name.upper(), raising=False)
    settings = get_settings()
    assert settings.sigmasight_home == project_root()
    assert (project_root() / "pyproject.toml").exists()
    assert settings.database_url is None
    assert settings.as_environment() == {}


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("API_PORT", "")
    assert get_settings() == Settings()


@pytest.mark.parametrize(
    ("variables", "port"),
    [
        ({}, 8000),
        ({"PORT": "9001"}, 9001),
        ({"API_PORT": "8000", "PORT": "9001"}, 8000),
        ({"PORT": ""}, 8000),
    ],
)
def test_the_port_of_a_platform_is_that_of_serve_unless_one_is_chosen(
    variables: dict[str, str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert get_settings().serving_port == port


def test_a_wrong_value_is_refused_with_its_name_and_without_the_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_PORT", "70000")
    monkeypatch.setenv("SECRET_KEY", "too-short")
    with pytest.raises(SettingsError) as caught:
        get_settings()
    assert "API_PORT" in str(caught.value)
    assert "SECRET_KEY" in str(caught.value)
    assert "too-short" not in str(caught.value)


@pytest.mark.parametrize("name", ["a b", "x; drop database y", 'q"', "9lives", "A", "n" * 64])
def test_a_database_name_that_needs_quoting_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_DATABASE", name)
    with pytest.raises(SettingsError, match="WAREHOUSE_DATABASE"):
        get_settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALARM_WEBHOOK_URL", "hooks.example.com/secret-path"),
        ("ALARM_SLACK_URL", "ftp://hooks.example.com/secret-path"),
        ("ALARM_EMAIL_TO", "ann@example.com, bob"),
        ("ALARM_EMAIL_FROM", "two@example.com, three@example.com"),
        ("SMTP_SECURITY", "ssl"),
        ("ALARM_VENDOR_PERCENT", "101"),
        ("BUILD_MINUTES", "0"),
    ],
)
def test_a_wrong_setting_of_alarms_is_refused_by_its_name(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError, match=name) as caught:
        get_settings()
    assert "secret-path" not in str(caught.value)


def test_the_repr_of_the_settings_holds_no_secret() -> None:
    secret = "swordfish-swordfish-swordfish-swordfish"
    settings = Settings(
        database_url=f"postgresql://u:{secret}@h/d",
        api_database_url=f"postgresql://u:{secret}@h/d",
        api_password=SecretStr(secret),
        secret_key=SecretStr(secret),
    )
    assert secret not in repr(settings)
    assert secret not in str(settings)


def test_the_signing_key_is_generated_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(sigmasight_home=tmp_path)
    key = settings.signing_key()
    kept = tmp_path / ".warehouse" / "secret_key"
    assert len(key) >= 32
    assert Settings(sigmasight_home=tmp_path).signing_key() == key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_a_given_signing_key_is_used_and_not_stored(tmp_path: Path) -> None:
    assert Settings(sigmasight_home=tmp_path, secret_key=SecretStr("x" * 32)).signing_key() == "x" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_signing_key_that_cannot_be_stored_is_reported_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="set SECRET_KEY"):
        Settings(sigmasight_home=tmp_path / "file").signing_key()
