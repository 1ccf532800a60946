"""Shapes of the answers about the service itself."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

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


class Publication(Answer):
    """A build that was checked and made visible, all marts at once."""

    publication_id: int = described("Number of the publication, rising.", 17)
    from_date: date = described("First date that it speaks for.", "2025-09-12")
    to_date: date = described("Last date that it speaks for.", "2025-09-12")
    published_at: datetime = described(
        "When it was published, UTC; take it as published_at to read what was reported then.",
        "2025-09-12T23:36:41.104233Z",
    )
    known_at: datetime = described(
        "Rows loaded up to this instant were taken in.", "2025-09-12T23:31:07.517000Z"
    )
    dbt_invocation_id: str | None = described(
        "dbt's name for the build; null if unknown.", "0d6b1a52-53a8-4be6-9d3c-3f1c6c2f4d11"
    )
    git_revision: str | None = described(
        "Revision of the project, + where files differed from it; null outside a repository.", "3f1c6c2f4d11"
    )
    tests_passed: int = described("Checks that passed before.", 912)
    tests_warned: int = described("Checks that warned.", 0)


class Publications(Answer):
    """Publications, the newest first."""

    publications: list[Publication]
    total: int = described("All publications that match.", 17)
    limit: int = described("Publications at most.", 100)
    offset: int = described("Publications left out from the start.", 0)
    truncated: bool = described("Whether more follow after the page.", False)


class Restatement(Answer):
    """A figure that a later publication changed."""

    publication_id: int = described("The publication that changed it.", 17)
    as_of_date: date = described("The session whose figure changed.", "2025-09-11")
    mart: str = described("The mart.", "fct_prices")
    key: str = described("The row: its grain besides the date, with blanks between.", "AAPL")
    portfolio_id: UUID | None = described(
        "The portfolio that the row belongs to; null for rows of symbols.", None
    )
    column_name: str = described("The column; * when the whole row is gone.", "close")
    old_value: str | None = described(
        "What was published before, as text; null if it was null.", "226.790000"
    )
    new_value: str | None = described("What is published now, as text; null if it is null.", "230.030000")
    published_at: datetime = described("When it was changed, UTC.", "2025-09-12T23:36:41.104233Z")


class Restatements(Answer):
    """Changed figures, the newest publication first."""

    restatements: list[Restatement]
    limit: int = described("Figures at most.", 500)
    offset: int = described("Figures left out from the start.", 0)
    truncated: bool = described("Whether more follow after the page.", False)


class LineageColumn(Answer):
    """A column of a mart."""

    name: str = described("Name of the column.", "close")
    data_type: str = described("Its type in PostgreSQL.", "numeric(38,6)")
    unit: str | None = described("What it is measured in.", "USD per share")
    description: str = described("What it means, and what null means.", "Close as traded.")


class LineageNode(Answer):
    """A table, view or model that a mart is made of."""

    id: str = described("dbt's name for it.", "model.sigmasight.pub_prices")
    name: str = described("Name of the relation or seed.", "pub_prices")
    layer: str = described("Its schema: raw, ops, staging, intermediate, published or marts.", "published")
    resource_type: Literal["model", "seed", "source"] = described(
        "model, seed (a file) or source (a table).", "model"
    )
    language: str | None = described("sql or python; null for tables that are loaded.", "sql")
    description: str = described("What it holds.", "Prices of each publication.")
    depends_on: list[str] = described("What it reads.", ["model.sigmasight.int_prices"])
    compiled_sql: str | None = described(
        "The statement (or program) as dbt ran it last; null where the last builds ran none.", "select ..."
    )
    raw_sql: str | None = described("The same as it is written; null for what is loaded.", "select ...")


class MartLineage(Answer):
    """What a mart means, and the SQL that makes it, down to the tables that are loaded."""

    mart: str = described("Name of the mart.", "fct_prices")
    description: str = described("What it holds.", "Closes as traded. One row per symbol and session.")
    grain: list[str] = described("The columns that name a row.", ["symbol", "as_of_date"])
    columns: list[LineageColumn]
    compiled_sql: str | None = described(
        "The statement as dbt ran it last; null where the last builds left it standing.", "select ..."
    )
    raw_sql: str = described("The same as it is written.", "{{ published_prices() }}")
    depends_on: list[str] = described("What the mart itself reads.", ["model.sigmasight.pub_prices"])
    upstream: list[LineageNode]
    dbt_invocation_id: str | None = described(
        "The build that wrote the manifest.", "0d6b1a52-53a8-4be6-9d3c-3f1c6c2f4d11"
    )
    generated_at: datetime | None = described("When it wrote it, UTC.", "2025-09-12T23:33:02.811905Z")


class BatchStep(Answer):
    """A finished step of a run."""

    step: str = described("What was done.", "build")
    seconds: float = described("How long it took.", 31.204)


class BatchRun(LastBuild):
    """A run of a flow."""

    elapsed_seconds: int = described("Seconds since it began, up to its end.", 399)
    from_date: date | None = described(
        "First date that it builds; null before that is settled.", "2025-09-12"
    )
    publication_id: int | None = described("What it publishes; null before that is settled.", 17)
    steps: list[BatchStep]
    error: str | None = described("Why it failed; null otherwise.", None)


class CurrentBatch(Answer):
    """What is being built now."""

    running: bool = described("Whether a run is under way.", False)
    run: BatchRun | None


class BatchHistory(Answer):
    """Runs of the flows, the newest first."""

    runs: list[BatchRun]
    total: int = described("All runs.", 23)
    limit: int = described("Runs at most.", 100)
    offset: int = described("Runs left out from the start.", 0)
    truncated: bool = described("Whether more follow after the page.", False)
