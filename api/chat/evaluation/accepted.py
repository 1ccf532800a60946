"""The accepted results of a question on a data set: its calls and statements, run now."""

import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from api.auth.users import User
from api.chat.evaluation.questions import Alternative, Question, statement_for
from api.chat.evaluation.scoring import Table, is_absent, meant_rows, table_of
from api.chat.sql.executor import ChatReader
from api.chat.tools.registry import ToolContext, Tools
from warehouse.errors import SigmaSightError
from warehouse.settings import Settings

PURPOSE = "An accepted answer."


class GoldenSetError(SigmaSightError):
    """An accepted call or statement does not run: the golden set is wrong."""


@dataclass(frozen=True)
class DataSet:
    """A portfolio of a user on a session, about which all questions are asked."""

    name: str
    user: User
    portfolio_id: UUID
    portfolio_name: str
    session: date


@dataclass(frozen=True)
class Accepted:
    """What an accepted call returns. table: the rows that are asked for. whole: all its rows."""

    table: Table
    whole: Table


@dataclass(frozen=True)
class Expected:
    """The accepted results of a question on a data set. is_absent: there are no figures, rightly."""

    results: tuple[Accepted, ...]
    is_absent: bool

    def tables(self, question: Question) -> list[Table]:
        """What a result is compared with: the columns that are asked for."""
        tables = [table for one in self.results for table in (one.table, one.whole)]
        return list(dict.fromkeys(table.only(question.columns) for table in tables))


@dataclass(frozen=True)
class Golden:
    """Runs accepted calls as the user of a data set, with the tools that the model has."""

    tools: Tools
    reader: ChatReader
    settings: Settings

    async def expected(self, question: Question, data_set: DataSet) -> Expected:
        """Run every accepted call of the question. Raises GoldenSetError."""
        results = [await self._run(question, way, data_set) for way in question.accepted]
        absent = bool(results) and is_absent(results[0].table, question.columns)
        return Expected(tuple(results), absent)

    def call(self, way: Alternative, data_set: DataSet) -> tuple[str, str]:
        """The name and the arguments of an accepted call, as a model would write them."""
        if way.tool == "sql":
            text = statement_for(way.arguments["statement"], data_set.portfolio_id, data_set.session)
            return "sql", json.dumps({"statement": text, "purpose": PURPOSE})
        arguments = {
            "portfolio": data_set.portfolio_name,
            "as_of": data_set.session.isoformat(),
            "published_at": None,
            "by": None,
            **way.arguments,
        }
        return "metric", json.dumps(arguments)

    async def _run(self, question: Question, way: Alternative, data_set: DataSet) -> Accepted:
        context = ToolContext(
            user=data_set.user,
            reader=self.reader,
            settings=self.settings,
            portfolio_id=data_set.portfolio_id,
        )
        answer = await self.tools.call(*self.call(way, data_set), context)
        if not answer.ok:
            message = f"{question.id} on {data_set.name}: {answer.text}"
            raise GoldenSetError(message)
        whole = table_of(answer.results[0])
        return Accepted(meant_rows(whole, way), whole)
