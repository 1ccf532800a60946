"""Shapes of the answers about the service itself."""

from datetime import date, datetime
from typing import Literal

from api.schemas.common import Answer, described


class LastPublication(Answer):
    """What readers see at the moment."""

    publication_id: int = described("Number of the publication, rising.", 17)
    as_of_date: date = described("Last published session.", "2025-09-12")
    published_at: datetime = described("When it was published, UTC.", "2025-09-12T23:36:41Z")
    age_seconds: int = described("Seconds since then.", 51840)


class LastBuild(Answer):
    """The last run of a flow, whatever became of it."""

    run_id: int = described("Number of the run, rising.", 23)
    kind: str = described("Which flow: nightly, rebuild, ...", "nightly")
    status: Literal["running", "succeeded", "nothing_new", "failed", "abandoned"] = described(
        "running, succeeded, nothing_new, failed, or abandoned (killed).", "succeeded"
    )
    phase: str = described("The step it is in, or ended in.", "published")
    percent: int = described("How far it is, 0 to 100.", 100)
    started_at: datetime = described("When it began, UTC.", "2025-09-12T23:30:02Z")
    finished_at: datetime | None = described(
        "When it ended, UTC; null while it runs.", "2025-09-12T23:36:41Z"
    )
    as_of_date: date | None = described("The session it was for; null before that is settled.", "2025-09-12")


class Health(Answer):
    """Whether the service lives, and whether it can answer."""

    status: Literal["ok", "degraded", "unavailable"] = described(
        "ok; degraded: answers, but the last build failed or was killed; unavailable: cannot answer.", "ok"
    )
    live: bool = described("The process answers: always true.", True)
    ready: bool = described("The warehouse is reachable and something is published.", True)
    warehouse_reachable: bool = described("The database answers.", True)
    message: str = described("The same as a sentence.", "The numbers of 2025-09-12 are published.")
    last_publication: LastPublication | None
    last_build: LastBuild | None
    version: str = described("Version of the program.", "0.1.0")


class Liveness(Answer):
    """The process answers."""

    live: bool = described("Always true.", True)
