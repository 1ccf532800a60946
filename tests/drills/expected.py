"""What the API answers before and after a night, and whether an answer is one of these."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

OF_THE_RUN = frozenset(
    {
        *("publication_id", "published_at", "known_at", "dbt_invocation_id", "git_revision"),
        *("updated_at", "last_updated", "timestamp", "generated_at"),
    }
)
"""Fields that name the publication or an instant: two runs with the same results differ in them."""

NOT_WATCHED = ("/reports/", "/chat", "/admin", "/health", "/metrics", "/operations", "/auth")

Answers = Mapping[tuple[str, str], str]
"""By user and path: the body as text, without OF_THE_RUN."""


def significant(body: Any) -> str:
    """A body as text, without the fields OF_THE_RUN."""
    return json.dumps(_without(body), sort_keys=True)


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(part) for part in value]
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if key not in OF_THE_RUN}
    return value


@dataclass(frozen=True)
class Expected:
    """The answers of each publication in turn, the first of base_publication."""

    base_publication: int
    stages: tuple[Answers, ...]

    def paths(self, user: str) -> list[str]:
        """The paths that the user's readers ask for."""
        return [path for owner, path in self.stages[0] if owner == user]

    def stages_of(self, user: str, path: str, body: str, publication: int | None) -> list[int]:
        """The publications whose answer this body is, of those that the header allows; ascending."""
        same = [number for number, stage in enumerate(self.stages) if stage.get((user, path)) == body]
        if publication is None:
            return same
        return [number for number in same if (number == 0) == (publication == self.base_publication)]


def read_answers(url: str, users: Sequence[str], password: str) -> dict[tuple[str, str], str]:
    """The answer to each path of each user that answers 200."""
    found = {}
    with httpx.Client(base_url=url, timeout=300) as client:
        document = client.get("/api/v1/openapi.json").json()
        for user in users:
            headers = log_in(client, user, password)
            portfolio = client.get("/api/v1/data/portfolios", headers=headers).json()[0]["id"]
            for path in _watched(document, portfolio):
                answer = client.get(path, headers=headers)
                if answer.status_code == 200 and "json" in answer.headers["content-type"]:
                    found[user, path] = significant(answer.json())
    return found


def log_in(client: httpx.Client, user: str, password: str) -> dict[str, str]:
    """The headers of the user's requests. Raises httpx.HTTPStatusError."""
    answer = client.post("/api/v1/auth/login", json={"email": user, "password": password})
    answer.raise_for_status()
    client.cookies.clear()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _watched(document: Mapping[str, Any], portfolio: str) -> list[str]:
    """The GET paths of the document that need nothing but a portfolio."""
    return [
        path.replace("{portfolio_id}", portfolio)
        for path, operations in document["paths"].items()
        if "get" in operations
        and "{" not in path.replace("{portfolio_id}", "")
        and not any(part in path for part in NOT_WATCHED)
    ]
