"""Which marts the API, the page, the reports and the chat read, as exposures of dbt.

    python -m api.marts.exposures

writes dbt_project/models/exposures from the statements and modules themselves, so that
`dbt ls --select +exposure:api_analytics_returns` shows what a response is made of, and
`dbt ls --select fct_portfolio_risk+ --resource-type exposure` what a change of a mart reaches.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

from api.chat.tools.metrics import read_metrics
from api.queries import load_query, query_files
from warehouse.settings import project_root

DBT: Final = project_root() / "dbt_project"
FOLDER: Final = DBT / "models" / "exposures"
OWNER: Final = {"name": "SigmaSight"}
HEADER: Final = "# Written by `python -m api.marts.exposures`.\n"
TYPES: Final[Mapping[str, str]] = {
    "api": "application",
    "chat": "application",
    "page": "dashboard",
    "reports": "analysis",
}

COMMENT: Final = re.compile(r"--[^\n]*|\{#.*?#\}|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
MART: Final = re.compile(r"\b(?:fct|dim)_\w+")
FUNCTION: Final = re.compile(r"\budf(?:\.|\('|\(\")(\w+)")
MACRO: Final = re.compile(r"\{%-? macro (\w+)\(.*?-?%\}(.*?)\{%-? endmacro", re.DOTALL)
CALL: Final = re.compile(r"\{\{-?\s*(\w+)\(")
REPORT_QUERY: Final = re.compile(r'"(report_\w+)"')


@dataclass(frozen=True)
class Exposure:
    """What reads marts: an endpoint's query, a screen, a section of the reports or a metric of the chat."""

    name: str
    kind: Literal["api", "page", "reports", "chat"]
    description: str
    marts: tuple[str, ...]

    def as_yaml(self) -> dict[str, Any]:
        """The exposure as dbt reads it."""
        return {
            "name": self.name,
            "type": TYPES[self.kind],
            "owner": dict(OWNER),
            "description": self.description,
            "depends_on": [f"ref('{mart}')" for mart in self.marts],
        }


def marts() -> frozenset[str]:
    """The names of all marts."""
    return frozenset(path.stem for path in (DBT / "models" / "marts").rglob("*.yml"))


def read_exposures() -> tuple[Exposure, ...]:
    """All exposures, those without a mart left out."""
    known = _Known.read()
    found = (*_of_queries(known), *_of_screens(known), *_of_reports(known), *_of_metrics(known))
    return tuple(exposure for exposure in found if exposure.marts)


def rendered() -> dict[str, str]:
    """The files of FOLDER and their texts."""
    exposures = read_exposures()
    return {f"{kind}.yml": _page(each for each in exposures if each.kind == kind) for kind in TYPES}


def write() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, "utf-8")


@dataclass(frozen=True)
class _Known:
    """The names of marts, and the statements of SQL functions and of the macros that they are made of."""

    marts: frozenset[str]
    functions: Mapping[str, str]
    macros: Mapping[str, str]

    @classmethod
    def read(cls) -> "_Known":
        functions = {path.stem: path.read_text("utf-8") for path in (DBT / "functions").rglob("*.sql")}
        files = [path.read_text("utf-8") for path in (DBT / "macros").rglob("*.sql")]
        return cls(marts(), functions, dict(found for text in files for found in MACRO.findall(text)))

    def read_by(self, *texts: str) -> tuple[str, ...]:
        """The marts that statements name, also through functions and macros, by name."""
        named: set[str] = set()
        seen: set[str] = set()
        waiting = list(texts)
        while waiting:
            text = COMMENT.sub("", waiting.pop())
            named |= set(MART.findall(text)) & self.marts
            called = [*self._called(text, FUNCTION, self.functions), *self._called(text, CALL, self.macros)]
            waiting += [body for body in called if body not in seen]
            seen |= set(called)
        return tuple(sorted(named))

    @staticmethod
    def _called(text: str, call: re.Pattern[str], known: Mapping[str, str]) -> list[str]:
        return [known[name] for name in sorted(set(call.findall(text)) & set(known))]


def _of_queries(known: _Known) -> Iterator[Exposure]:
    for name in query_files():
        if not name.startswith("report_"):
            text = load_query(name).text.decode()
            yield Exposure(f"api_{name}", "api", _first_comment(text), known.read_by(text))


def _of_screens(known: _Known) -> Iterator[Exposure]:
    """A screen is the module of its name and those that continue it: risk_tail, performance/benchmark."""
    folder = project_root() / "api/page/static/screens"
    modules: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.js")):
        screen = path.relative_to(folder).parts[0].removesuffix(".js").split("_")[0]
        modules.setdefault(screen, []).append(path.read_text("utf-8"))
    for screen, texts in sorted(modules.items()):
        yield Exposure(f"page_{screen}", "page", f"The screen {screen} of the page.", known.read_by(*texts))


def _of_reports(known: _Known) -> Iterator[Exposure]:
    for path in sorted((project_root() / "api/reports/sections").glob("[!_]*.py")):
        queries = sorted(set(REPORT_QUERY.findall(path.read_text("utf-8"))) & set(query_files()))
        texts = [load_query(name).text.decode() for name in queries]
        description = f"The section {path.stem} of the reports."
        yield Exposure(f"report_{path.stem}", "reports", description, known.read_by(*texts))


def _of_metrics(known: _Known) -> Iterator[Exposure]:
    for name, metric in sorted(read_metrics().items()):
        texts = [metric.query(cut).text.decode() for cut in metric.files]
        yield Exposure(f"chat_{name}", "chat", f"The chat's metric {name}.", known.read_by(*texts))


def _first_comment(text: str) -> str:
    """The sentences above a statement, in one line, without the list of its parts."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--") or line.startswith("-- with "):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def _page(exposures: Iterable[Exposure]) -> str:
    content = {"version": 2, "exposures": [exposure.as_yaml() for exposure in exposures]}
    return HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    write()
