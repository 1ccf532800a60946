"""Hostile positions files: a short run of `make fuzz`, and the same files against a database."""

from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from ingestion.errors import IngestionError
from ingestion.raw.loads import Connection
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.load import load_positions, read_positions_file
from tests.examples import examples
from tests.fuzz_positions import TODAY, files, run

TERMS = EntryTerms(at_market=True)


def test_hostile_files_are_refused_or_keep_every_rule() -> None:
    count = examples(350)
    outcomes = run(count)
    assert min(outcomes["accepted"], outcomes["refused"]) > count / 20, outcomes


def test_hostile_files_are_loaded_completely_or_not_at_all(
    module_connection: Connection, tmp_path: Path
) -> None:
    # Silent failure prevented: a partial statement, after which the next one closes the missing lots
    path, numbers = tmp_path / "positions.csv", iter(range(10_000))
    loaded = []

    def rows() -> int:
        row = module_connection.execute("select count(*) from raw.positions").fetchone()
        assert row is not None
        return int(row[0])

    @settings(
        max_examples=examples(75), deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(files)
    def every(content: bytes) -> None:
        path.write_bytes(content)
        before, lots = rows(), 0
        with suppress(IngestionError):
            load_positions(
                module_connection, path, portfolio_name=f"P{next(numbers)}", owner_email="jane@example.com",
                equity="10000000", today=TODAY, terms=TERMS,
            )  # fmt: skip
            lots = len(read_positions_file(path, today=TODAY, terms=TERMS).lots)
            loaded.append(lots)
        assert rows() - before == lots

    every()
    assert len(loaded) > 5
