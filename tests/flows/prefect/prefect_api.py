"""The API of the schedule's Prefect server, as a test asks it."""

import base64
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flows.prefect.server import read_secret
from warehouse.settings import Settings

ENDED = {"COMPLETED", "FAILED", "CRASHED"}


@dataclass(frozen=True)
class PrefectServer:
    """The schedule's server, as started by `sigmasight schedule`, on a free port."""

    settings: Settings
    url: str

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which a process reaches it."""
        return {
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": read_secret(self.settings),
            "PREFECT_HOME": str(self.settings.warehouse_folder / "prefect"),
        }

    def ask(self, path: str, body: Any = None) -> Any:
        """The answer to an authorized GET, or POST with a body; asked again while its database is busy."""
        headers = authorization(read_secret(self.settings)) | ({} if body is None else self.token())
        for _ in range(60):
            try:
                return json.loads(open_url(f"{self.url}{path}", body, headers)[1])
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
            time.sleep(1)
        raise TimeoutError(f"Prefect's server is busy: {path}")

    def token(self) -> dict[str, str]:
        """The CSRF token that every change needs."""
        token = self.ask("/csrf-token?client=test")["token"]
        return {"Prefect-Csrf-Client": "test", "Prefect-Csrf-Token": token}

    def deployment(self) -> dict[str, Any] | None:
        """The nightly deployment, None before there is one."""
        try:
            found: dict[str, Any] = self.ask("/deployments/name/nightly/nightly")
        except urllib.error.HTTPError:
            return None
        return found

    def start_run(self, served: dict[str, Any], parameters: dict[str, Any] | None = None) -> str:
        """Start a run now, as the scheduler does, by default without a source; its id."""
        given = parameters or {"source": None, "force": True}
        body = {"parameters": given, "state": {"type": "SCHEDULED"}}
        return str(self.ask(f"/deployments/{served['id']}/create_flow_run", body)["id"])

    def leave_pending(self, served: dict[str, Any]) -> str:
        """Leave a run as a schedule or worker does that is killed before the run's process begins; its id."""
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"}}
        run = self.ask(f"/deployments/{served['id']}/create_flow_run", {"state": state})
        answer = self.ask(f"/flow_runs/{run['id']}/set_state", {"state": {"type": "PENDING"}})
        assert answer["status"] == "ACCEPT", answer
        return str(run["id"])


def authorization(secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}


def open_url(
    url: str, body: Any = None, headers: dict[str, str] | None = None, method: str | None = None
) -> tuple[Any, bytes]:
    data = None if body is None else json.dumps(body).encode()
    given = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, given, method=method)  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return answer.headers, answer.read()
