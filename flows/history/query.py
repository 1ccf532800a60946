"""SQL over exported files, by DuckDB, which knows each mart by its name."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from flows.errors import HistoryError
from flows.history.folder import Manifest, file_of


def answer(folder: Path, manifest: Manifest, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names of the columns and rows of a query. Raises HistoryError.

    What memory does not hold is written to a folder of the owner's own, not to one in the working directory.
    """
    duckdb = _duckdb()
    with TemporaryDirectory(prefix="sigmasight-") as spilled, duckdb.connect(":memory:") as connection:
        connection.execute(f"set temp_directory = {_text(spilled)}")
        _lay_views(connection, folder.absolute(), manifest)
        try:
            _check_reads(duckdb, connection.extract_statements(query))
            result = connection.sql(query)
        except duckdb.Error as error:
            raise HistoryError(f"DuckDB: {error}") from error
        if result is None:
            return [], []
        try:
            table = result.to_arrow_table()
        except duckdb.Error as error:
            raise HistoryError(f"DuckDB: {error}") from error
    columns = [column.to_pylist() for column in table.columns]
    return list(table.column_names), list(zip(*columns, strict=True))


def _check_reads(duckdb: ModuleType, statements: list[Any]) -> None:
    """Raise HistoryError for what is no query: DuckDB may write, too, where it may read."""
    for statement in statements:
        if statement.type != duckdb.StatementType.SELECT:
            raise HistoryError(
                f"Only queries are answered, and to DuckDB this is {statement.type.name}: write a select. "
                "A pivot needs its values, as in `pivot t on a in (1, 2) using sum(b)`."
            )


def _duckdb() -> ModuleType:
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ImportError:
        raise HistoryError(
            "Queries over exported files need DuckDB, which is not installed: "
            "`pip install 'sigmasight[history]'`."
        ) from None
    return duckdb


def _lay_views(connection: Any, folder: Path, manifest: Manifest) -> None:
    """A view for each mart; afterwards DuckDB reads these files and nothing else."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("set autoinstall_known_extensions = false")  # it would download them
    connection.execute("set autoload_known_extensions = false")
    files = {mart: _files(folder, mart, manifest) for mart in manifest if manifest[mart].months}
    allowed = [path for paths in files.values() for path in paths]
    connection.execute(f"set allowed_paths = {_list(allowed)}")
    for mart, paths in files.items():
        name = mart.replace('"', '""')
        connection.execute(
            f'create view "{name}" as select * from read_parquet({_list(paths)}, union_by_name => true)'
        )
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _files(folder: Path, mart: str, manifest: Manifest) -> list[str]:
    """The files of a mart. Raises HistoryError if one is not that of the manifest, by its size."""
    paths = []
    for month, entry in sorted(manifest[mart].months.items()):
        path = file_of(folder, mart, month)
        if not path.exists() or path.stat().st_size != entry.bytes:
            raise HistoryError(
                f"{path} is not the file that was exported: `sigmasight history query {folder} --verify` "
                "lists what differs."
            )
        paths.append(str(path))
    return paths


def _list(paths: list[str]) -> str:
    return f"[{', '.join(map(_text, paths))}]"


def _text(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"
