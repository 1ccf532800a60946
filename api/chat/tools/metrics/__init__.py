"""The governed metrics: their definitions and statements. A metric is one statement over the marts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api.chat.tools.semantic.marts import column_of, read_marts
from api.chat.tools.tracing import Output, trace
from api.chat.yaml_text import parse_yaml
from api.queries import Query, read_query

FOLDER = Path(__file__).parent
PARTS = FOLDER.parent / "metric_parts"


@dataclass(frozen=True)
class MetricColumn:
    """A column of a metric. source: the mart columns that it comes from, as mart.column.

    is_unchanged: it shows the values of its one source.
    """

    name: str
    unit: str
    meaning: str
    null_meaning: str | None
    source: tuple[str, ...]
    is_unchanged: bool


@dataclass(frozen=True)
class Metric:
    """A governed metric. files: the names of its statements by cut; None is the plain one.

    scope: of one portfolio, of all by default, or of none.
    """

    name: str
    answers: str
    scope: str
    files: Mapping[str | None, str]
    computed: Mapping[str, tuple[str, str]]

    @property
    def cuts(self) -> list[str]:
        """What `by` may be, besides null."""
        return [by for by in self.files if by is not None]

    def query(self, by: str | None) -> Query:
        """The statement of a cut. Raises KeyError for one that the metric does not have."""
        return load_statement(self.files[by])

    def columns(self, by: str | None) -> tuple[MetricColumn, ...]:
        """The columns of a cut. Raises KeyError."""
        return _columns(self.name, by)


@cache
def read_metrics() -> Mapping[str, Metric]:
    """Every metric by name."""
    definitions = parse_yaml((FOLDER / "definitions.yml").read_text("utf-8"))
    return {
        name: Metric(
            name=name,
            answers=definition["answers"],
            scope=definition.get("scope", "one"),
            files={None: definition["file"], **definition.get("by", {})},
            computed={key: (unit, text) for key, (unit, text) in definition.get("computed", {}).items()},
        )
        for name, definition in definitions.items()
    }


@cache
def statement_files() -> Mapping[str, Path]:
    """The files of the statements by name."""
    return {path.stem: path for path in sorted(FOLDER.rglob("*.sql"))}


@cache
def load_statement(name: str) -> Query:
    """Read the statement `name`.sql. Raises KeyError."""
    return read_query(statement_files()[name], PARTS)


@cache
def _columns(name: str, by: str | None) -> tuple[MetricColumn, ...]:
    metric = read_metrics()[name]
    marts = {mart.name: mart.columns for mart in read_marts().values()}
    outputs = trace(metric.query(by).text.decode(), marts)
    return tuple(_column(output, metric) for output in outputs)


def _column(output: Output, metric: Metric) -> MetricColumn:
    source = tuple(f"{mart}.{column}" for mart, column in output.origins)
    is_defined = output.name in metric.computed and not output.is_unchanged
    if is_defined or not output.origins:
        unit, meaning = metric.computed[output.name]
        return MetricColumn(output.name, unit, meaning, None, source, is_unchanged=False)
    first = column_of(*output.origins[0])
    return MetricColumn(
        output.name, first.unit, first.meaning, first.null_meaning, source, output.is_unchanged
    )
