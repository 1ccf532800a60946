"""Security headers, CORS, size limits, metrics and the access log."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from flows.log_format import log_formatter, server_logging
from tests.api.api_helpers import PASSWORD, Person, add_user, assert_problem, log_in
from warehouse.connections import Warehouse
from warehouse.errors import SettingsError
from warehouse.settings import Settings, get_settings

Serve = Callable[[Warehouse], TestClient]
LOGIN = "/api/v1/auth/login"
FRONTEND = "https://risk.example.com"


@pytest.mark.parametrize(
    "path", ["/api/v1/health/live", "/api/v1/auth/me", "/api/v1/nothing", "/api/v1/openapi.json", "/metrics"]
)
def test_every_response_has_security_headers(empty_api: TestClient, path: str) -> None:
    headers = empty_api.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_https_responses_set_strict_transport_security(empty_api: TestClient) -> None:
    headers = empty_api.get("https://testserver/api/v1/health/live").headers
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_the_docs_page_loads_nothing_from_elsewhere(empty_api: TestClient) -> None:
    page = empty_api.get("/api/v1/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "http" not in policy
    assert "//" not in page.text
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 4
    for path in named:
        answer = empty_api.get(path)
        assert (answer.status_code, bool(answer.content)) == (200, True)
    assert_problem(empty_api.get("/api/v1/docs/main.py"), 404, "path_not_found")


@pytest.mark.parametrize("path", ["/docs", "/", "/api/v1/docs/", "/api/v1/health/live/"])
def test_no_redirect_names_the_host_that_a_request_claims(empty_api: TestClient, path: str) -> None:
    answer = empty_api.get(path, headers={"Host": "evil.example.com"}, follow_redirects=False)
    assert answer.status_code in {200, 307}
    assert answer.headers.get("location", "/api/v1/docs") == "/api/v1/docs"


# --- origins ------------------------------------------------------------------------------------------------


def test_only_listed_origins_pass_cors(empty_warehouse: Warehouse, serve: Serve) -> None:
    settings = empty_warehouse.settings.model_copy(update={"api_cors_origins": (FRONTEND,)})
    client = serve(Warehouse(**{**vars(empty_warehouse), "settings": settings}))
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    known = client.options("/api/v1/data/portfolios", headers={"Origin": FRONTEND, **asked})
    assert known.headers["access-control-allow-origin"] == FRONTEND
    assert known.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example.com", f"{FRONTEND}.evil.com", "null", "http://risk.example.com"):
        answer = client.options("/api/v1/data/portfolios", headers={"Origin": origin, **asked})
        assert answer.status_code == 400
        assert "access-control-allow-origin" not in answer.headers
    answer = client.get("/api/v1/health/live", headers={"Origin": FRONTEND})
    assert "X-Publication-Id" in answer.headers["access-control-expose-headers"]


def test_without_a_list_no_other_origin_passes_cors(empty_api: TestClient) -> None:
    answer = empty_api.get("/api/v1/health/live", headers={"Origin": FRONTEND})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("value", ["*", "risk.example.com", "https://*.example.com", f"{FRONTEND}/page"])
def test_an_invalid_origin_is_rejected_at_startup(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("API_CORS_ORIGINS", value)
    with pytest.raises(SettingsError, match=r"API_CORS_ORIGINS: .*write origins such as"):
        get_settings()


def test_origins_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_CORS_ORIGINS", f"{FRONTEND}/, http://localhost:3000")
    assert get_settings().api_cors_origins == (FRONTEND, "http://localhost:3000")


# --- sizes --------------------------------------------------------------------------------------------------


def test_a_body_over_the_size_limit_is_rejected(empty_api: TestClient) -> None:
    body = b'{"email": "' + b"x" * Settings().api_body_bytes + b'"}'
    headers = {"Content-Type": "application/json"}
    assert_problem(empty_api.post(LOGIN, content=body, headers=headers), 413, "request_too_large")
    in_parts = (body[start : start + 1000] for start in range(0, len(body), 1000))
    assert_problem(empty_api.post(LOGIN, content=in_parts, headers=headers), 413, "request_too_large")


def test_large_responses_are_compressed_on_request(hedge_fund: Person) -> None:
    path = f"/api/v1/data/portfolio/{hedge_fund.portfolio_id}/complete"
    answers = [
        hedge_fund.client.get(path, headers={**hedge_fund.headers, "Accept-Encoding": encoding})
        for encoding in ("gzip", "identity")
    ]
    assert answers[0].headers["content-encoding"] == "gzip"
    assert "content-encoding" not in answers[1].headers
    assert answers[0].json() == answers[1].json()
    assert int(answers[0].headers["content-length"]) < int(answers[1].headers["content-length"]) / 2
    assert "Accept-Encoding" in answers[0].headers["vary"]


# --- metrics and the log ------------------------------------------------------------------------------------


def metric(client: TestClient, name: str, **labels: str) -> float:
    """Read a sample of /metrics."""
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rpartition(" ")[2])
    return 0


def test_requests_are_counted_by_route_without_user_data(hedge_fund: Person, family_office: Person) -> None:
    client = hedge_fund.client
    route = "/api/v1/analytics/portfolio/{portfolio_id}/overview"
    counted = metric(client, "sigmasight_http_requests_total", route=route, status="200")
    for person in (hedge_fund, family_office):
        person.get(f"analytics/portfolio/{person.portfolio_id}/overview")
    client.get("/api/v1/no/such/path/at/all")
    assert metric(client, "sigmasight_http_requests_total", route=route, status="200") == counted + 2
    assert metric(client, "sigmasight_http_request_duration_seconds_count", route=route) >= 2
    assert metric(client, "sigmasight_http_requests_total", route="none", status="404") >= 1
    assert metric(client, "sigmasight_database_pool_size", pool="api") >= 1
    text = client.get("/metrics").text
    for word in (hedge_fund.portfolio_id, "@", "such/path", hedge_fund.headers["Authorization"][-20:]):
        assert word not in text


def test_a_request_is_one_log_line_without_secrets(
    empty_api: TestClient, module_warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    add_user(module_warehouse, "logged@example.com")
    caplog.set_level(logging.INFO, logger="api.access")
    headers = log_in(empty_api, "logged@example.com")
    empty_api.get("/api/v1/auth/me?token=in-the-query", headers=headers)
    records = [record for record in caplog.records if record.name == "api.access"]
    formatter = log_formatter(Settings(log_format="json"))
    lines = [json.loads(formatter.format(record)) for record in records]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", LOGIN, 200),
        ("GET", "/api/v1/auth/me", 200),
    ]
    assert lines[1]["route"] == "/api/v1/auth/me"
    assert lines[1]["milliseconds"] > 0
    assert lines[1]["bytes"] > 0
    for word in (PASSWORD, "in-the-query", headers["Authorization"][-20:], "logged@example.com"):
        assert all(word not in record.getMessage() for record in records)
        assert word not in json.dumps(lines)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_path_forges_no_log_line(
    empty_api: TestClient, caplog: pytest.LogCaptureFixture, log_format: str
) -> None:
    # Silent failure prevented: a request that writes a line of its own into the log
    caplog.set_level(logging.INFO, logger="api.access")
    empty_api.get("/api/v1/x%0a2026-01-01%20INFO%20forged%1b%5b2J%c2%9bmore%0d")
    (record,) = [record for record in caplog.records if record.name == "api.access"]
    line = log_formatter(Settings(log_format=log_format)).format(record)
    assert line.isprintable()
    assert "/api/v1/x%0A2026-01-01%20INFO%20forged%1B%5B2J%C2%9Bmore%0D 404" in record.getMessage()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_server_log_follows_the_settings(log_format: str) -> None:
    configuration = server_logging(Settings(log_format=log_format, log_level="WARNING"))
    assert configuration["root"] == {"handlers": ["stderr"], "level": "WARNING"}
    made = configuration["formatters"]["line"]["settings"]
    record = logging.LogRecord("api", logging.INFO, "", 0, "said", (), None)
    line = log_formatter(made).format(record)
    assert (json.loads(line)["message"] == "said") if log_format == "json" else re.search("said$", line)
