"""Response models of health, publications, lineage and runs."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from api.schemas.common import ResponseModel, described


class LastPublication(ResponseModel):
    """The current publication."""

    publication_id: int = described("Number of the publication, ascending.", 17)
    as_of_date: date = described("Last published session.", "2025-09-12")
    published_at: datetime = described("When it was published, UTC.", "2025-09-12T23:36:41Z")
    age_seconds: int = described("Seconds since then.", 51840)


class LastBuild(ResponseModel):
    """The last run of a flow, whatever its outcome."""

    run_id: int = described("Number of the run, ascending.", 23)
    kind: str = described("Which flow: nightly, rebuild, ...", "nightly")
    status: Literal["running", "succeeded", "nothing_new", "failed", "abandoned"] = described(
        "running, succeeded, nothing_new, failed, or abandoned (killed).", "succeeded"
    )
    phase: str = described("The step it is in, or ended in.", "published")
    percent: int = described("Progress, 0 to 100.", 100)
    started_at: datetime = described("When it began, UTC.", "2025-09-12T23:30:02Z")
    finished_at: datetime | None = described(
        "When it ended, UTC; null while it runs.", "2025-09-12T23:36:41Z"
    )
    as_of_date: date | None = described("The session it was for; null until it is known.", "2025-09-12")


class Replica(ResponseModel):
    """Where the marts are read, and how far that is behind the server that writes."""

    is_replica: bool = described("Whether they are read from a standby.", True)
    lag_seconds: float | None = described(
        "Seconds by which the standby is behind, at most: 0 when it shows all that was committed.", 0.0
    )
    lag_bytes: int | None = described("Bytes of the server's log that the standby does not show yet.", 0)
    null_reason: Literal["no_replica", "primary_unknown", "nothing_replayed"] | None = described(
        "Why the lag is null. no_replica: the marts are read where they are written; primary_unknown: "
        "AUTH_DATABASE_URL is a standby too; nothing_replayed: nothing was committed since it began.",
        None,
    )


class Health(ResponseModel):
    """Liveness and readiness of the service."""

    status: Literal["ok", "degraded", "unavailable"] = described(
        "ok; degraded: ready, but the last build failed or was killed, or sessions with prices are not "
        "published and no build is running; unavailable: not ready.",
        "ok",
    )
    live: bool = described("The process is running: always true.", True)
    ready: bool = described("The warehouse is reachable and something is published.", True)
    warehouse_reachable: bool = described("The database can be reached.", True)
    message: str = described("The status in sentences.", "The numbers of 2025-09-12 are published.")
    unpublished_sessions: int | None = described(
        "Sessions with prices after the last published one; null if they cannot be counted.", 0
    )
    replica: Replica | None = described("Null while the database cannot be reached.", None)
    last_publication: LastPublication | None
    last_build: LastBuild | None
    version: str = described("Version of the program.", "1.0.0")


class Liveness(ResponseModel):
    """The process is running."""

    live: bool = described("Always true.", True)


class Publication(ResponseModel):
    """A build that was tested and made visible, all marts at once."""

    publication_id: int = described("Number of the publication, ascending.", 17)
    from_date: date = described("First date that it covers.", "2025-09-12")
    to_date: date = described("Last date that it covers.", "2025-09-12")
    published_at: datetime = described(
        "When it was published, UTC; pass it as published_at to read the figures as reported then.",
        "2025-09-12T23:36:41.104233Z",
    )
    known_at: datetime = described(
        "Rows loaded up to this instant are included.", "2025-09-12T23:31:07.517000Z"
    )
    dbt_invocation_id: str | None = described(
        "dbt's invocation id of the build; null if unknown.", "0d6b1a52-53a8-4be6-9d3c-3f1c6c2f4d11"
    )
    git_revision: str | None = described(
        "Git revision of the project, with + if files differed from it; null outside a repository.",
        "3f1c6c2f4d11",
    )
    tests_passed: int = described("Tests that passed before publishing.", 912)
    tests_warned: int = described("Tests that warned.", 0)


class Publications(ResponseModel):
    """Publications, newest first."""

    publications: list[Publication]
    total: int = described("All matching publications.", 17)
    limit: int = described("Maximum number of publications.", 100)
    offset: int = described("Publications skipped from the start.", 0)
    truncated: bool = described("Whether there are more pages.", False)


class Restatement(ResponseModel):
    """A figure that a later publication changed."""

    publication_id: int = described("The publication that changed it.", 17)
    as_of_date: date = described("The session whose figure changed.", "2025-09-11")
    mart: str = described("The mart.", "fct_prices")
    key: str = described("The row: its key without the date, separated by spaces.", "AAPL")
    portfolio_id: UUID | None = described(
        "The portfolio that the row belongs to; null for rows of symbols.", None
    )
    column_name: str = described("The column; * if the whole row was removed.", "close")
    old_value: str | None = described(
        "What was published before, as text; null if it was null.", "226.790000"
    )
    new_value: str | None = described("What is published now, as text; null if it is null.", "230.030000")
    published_at: datetime = described("When it was changed, UTC.", "2025-09-12T23:36:41.104233Z")


class Restatements(ResponseModel):
    """Changed figures, the newest publication first."""

    restatements: list[Restatement]
    limit: int = described("Maximum number of figures.", 500)
    offset: int = described("Figures skipped from the start.", 0)
    truncated: bool = described("Whether there are more pages.", False)


class LineageColumn(ResponseModel):
    """A column of a mart."""

    name: str = described("Name of the column.", "close")
    data_type: str = described("Its type in PostgreSQL.", "numeric(38,6)")
    unit: str | None = described("Unit of the column.", "USD per share")
    description: str = described("What it means, and what null means.", "Close as traded.")


class LineageNode(ResponseModel):
    """A table, view or model upstream of a mart."""

    id: str = described("dbt's unique id.", "model.sigmasight.pub_prices")
    name: str = described("Name of the relation or seed.", "pub_prices")
    layer: str = described("Its schema: raw, ops, staging, intermediate, published or marts.", "published")
    resource_type: Literal["model", "seed", "source"] = described(
        "model, seed (a file) or source (a table).", "model"
    )
    language: str | None = described("sql or python; null for loaded tables.", "sql")
    description: str = described("What it holds.", "Prices of each publication.")
    depends_on: list[str] = described("What it reads.", ["model.sigmasight.int_prices"])
    compiled_sql: str | None = described(
        "The statement (or program) as dbt last ran it; null if recent builds did not run it.", "select ..."
    )
    raw_sql: str | None = described(
        "The same as written in the project; null for loaded tables.", "select ..."
    )


class MartLineage(ResponseModel):
    """What a mart means, and the SQL that builds it, back to the loaded tables."""

    mart: str = described("Name of the mart.", "fct_prices")
    description: str = described("What it holds.", "Closes as traded. One row per symbol and session.")
    grain: list[str] = described("The columns that identify a row.", ["symbol", "as_of_date"])
    columns: list[LineageColumn]
    compiled_sql: str | None = described(
        "The statement as dbt last ran it; null if recent builds did not run it.", "select ..."
    )
    raw_sql: str = described("The same as written in the project.", "{{ published_prices() }}")
    depends_on: list[str] = described("What the mart itself reads.", ["model.sigmasight.pub_prices"])
    upstream: list[LineageNode]
    dbt_invocation_id: str | None = described(
        "dbt's invocation id of the build that wrote the manifest.", "0d6b1a52-53a8-4be6-9d3c-3f1c6c2f4d11"
    )
    generated_at: datetime | None = described(
        "When the manifest was written, UTC.", "2025-09-12T23:33:02.811905Z"
    )


class BatchStep(ResponseModel):
    """A finished step of a run."""

    step: str = described("What was done.", "build")
    seconds: float = described("How long it took.", 31.204)


class BatchRun(LastBuild):
    """A run of a flow."""

    elapsed_seconds: int = described("Seconds since it began, up to its end.", 399)
    from_date: date | None = described("First date that it builds; null until it is known.", "2025-09-12")
    publication_id: int | None = described("What it publishes; null until it is known.", 17)
    steps: list[BatchStep]
    error: str | None = described(
        "That it failed or has a warning; null otherwise. The reason is for the operator: it may name "
        "portfolios of others.",
        None,
    )


class CurrentBatch(ResponseModel):
    """The run in progress."""

    running: bool = described("Whether a run is in progress.", False)
    run: BatchRun | None


class BatchHistory(ResponseModel):
    """Runs of the flows, newest first."""

    runs: list[BatchRun]
    total: int = described("All runs.", 23)
    limit: int = described("Maximum number of runs.", 100)
    offset: int = described("Runs skipped from the start.", 0)
    truncated: bool = described("Whether there are more pages.", False)
