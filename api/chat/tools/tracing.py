"""From a column of a result to the columns of the marts that its values come from, by PostgreSQL's grammar.

Only values are followed: conditions, groupings and orders decide which rows there are, and are to be seen in
the statement.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pglast
from pglast import ast
from pglast.enums import SetOperation, SubLinkType

from warehouse.errors import SigmaSightError

_PARAMETER = re.compile(r"%\(\w+\)s")
_NOT_VALUES = {"agg_filter", "agg_order", "over", "sortClause", "whereClause", "quals"}


class UntraceableError(SigmaSightError):
    """The statement has something that is not followed."""


class Origin(NamedTuple):
    """A column of a mart."""

    mart: str
    column: str


@dataclass(frozen=True)
class Output:
    """A column of a result. is_unchanged: its values are those of its one origin."""

    name: str
    origins: tuple[Origin, ...]
    is_unchanged: bool


Relation = tuple[str, dict[str, Output]]
"""Something in FROM: its name or alias, and its columns."""


def trace(statement: str, marts: Mapping[str, Iterable[str]]) -> list[Output]:
    """The columns of the statement's result, in order. marts: the columns of each mart.

    Parameters as psycopg writes them are allowed. Raises UntraceableError.
    """
    text = _PARAMETER.sub("null", statement).replace("%%", "%")
    try:
        (parsed,) = pglast.parse_sql(text)
    except (pglast.Error, ValueError) as error:
        raise UntraceableError("The statement cannot be parsed as one statement.") from error
    if not isinstance(parsed.stmt, ast.SelectStmt):
        raise UntraceableError("Only queries are traced.")
    return _Scope(marts).select(parsed.stmt)


@dataclass
class _Scope:
    """The names that a query can use. outer: of the query around it."""

    marts: Mapping[str, Iterable[str]]
    ctes: dict[str, list[Output]] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    outer: "_Scope | None" = None

    def select(self, query: Any) -> list[Output]:
        for cte in query.withClause.ctes if query.withClause else ():
            columns = self._inner().select(cte.ctequery)
            self.ctes[cte.ctename] = _renamed(columns, cte.aliascolnames)
        if query.op != SetOperation.SETOP_NONE:
            sides = (self._inner().select(query.larg), self._inner().select(query.rarg))
            return [_merged(*pair) for pair in zip(*sides, strict=True)]
        if query.valuesLists:
            return self._values(query.valuesLists)
        for item in query.fromClause or ():
            self._add(item)
        return [output for target in query.targetList or () for output in self._target(target)]

    def _inner(self) -> "_Scope":
        return _Scope(self.marts, dict(self.ctes), [], self)

    def _values(self, rows: Sequence[Sequence[Any]]) -> list[Output]:
        columns = [tuple(dict.fromkeys(self._origins(cells))) for cells in zip(*rows, strict=True)]
        return [Output(f"column{place}", found, False) for place, found in enumerate(columns, 1)]

    def _add(self, item: Any) -> None:
        if isinstance(item, ast.JoinExpr):
            self._add(item.larg)
            self._add(item.rarg)
        elif isinstance(item, ast.RangeVar):
            self._add_relation(item.alias, str(item.relname), self._columns_of(item))
        elif isinstance(item, ast.RangeSubselect):
            self._add_relation(item.alias, "", self._inner().select(item.subquery))
        elif isinstance(item, ast.RangeFunction):
            self._add_function(item)
        else:
            raise UntraceableError(f"{type(item).__name__} in FROM is not followed.")

    def _add_relation(self, alias: Any, name: str, columns: list[Output]) -> None:
        renamed = _renamed(columns, alias.colnames if alias else None)
        self.relations.append((alias.aliasname if alias else name, {one.name: one for one in renamed}))

    def _add_function(self, item: Any) -> None:
        origins = tuple(dict.fromkeys(self._origins(item.functions)))
        if item.alias is None:
            raise UntraceableError("A function in FROM without an alias is not followed.")
        names = [name.sval for name in item.alias.colnames or ()] or [item.alias.aliasname]
        self._add_relation(item.alias, "", [Output(name, origins, False) for name in names])

    def _columns_of(self, item: Any) -> list[Output]:
        if item.schemaname is None and item.relname in self.ctes:
            return self.ctes[item.relname]
        if item.relname not in self.marts:
            raise UntraceableError(f"{item.relname} is not a mart.")
        return [Output(name, (Origin(item.relname, name),), True) for name in self.marts[item.relname]]

    def _target(self, target: Any) -> Iterator[Output]:
        value: Any = target.val
        fields: Any = value.fields if isinstance(value, ast.ColumnRef) else ()
        if fields and isinstance(fields[-1], ast.A_Star):
            table = fields[-2].sval if len(fields) > 1 else None
            yield from (
                one for name, columns in self.relations if table in {None, name} for one in columns.values()
            )
        elif fields:
            found = self.find([part.sval for part in fields])
            if len(found) != 1:
                raise UntraceableError("A whole row as a value is not followed.")
            yield Output(target.name or found[0].name, found[0].origins, found[0].is_unchanged)
        else:
            origins = tuple(dict.fromkeys(self._origins(value)))
            yield Output(target.name or _name_of(value), origins, False)

    def find(self, names: list[str]) -> list[Output]:
        """The column with this name, qualified or not; all columns of a relation named by itself."""
        *qualifiers, name = names
        for relation, columns in self.relations:
            if name in columns and (not qualifiers or qualifiers[-1] == relation):
                return [columns[name]]
        if not qualifiers and (rows := [cols for relation, cols in self.relations if relation == name]):
            return list(rows[0].values())
        if self.outer is None:
            raise UntraceableError(f"The column {'.'.join(names)} is not found.")
        return self.outer.find(names)

    def _origins(self, node: Any) -> Iterator[Origin]:
        """The origins of all values of an expression."""
        if isinstance(node, tuple | list):
            for part in node:
                yield from self._origins(part)
        elif isinstance(node, ast.ColumnRef | ast.SubLink):
            for one in self._outputs(node):
                yield from one.origins
        elif isinstance(node, ast.CaseWhen):
            yield from self._origins(node.result)
        elif isinstance(node, ast.Node):
            for name in (name for name in node if name not in _NOT_VALUES):
                yield from self._origins(getattr(node, name))

    def _outputs(self, node: Any) -> list[Output]:
        """The columns that a reference or a subquery stands for, as far as its value comes from them."""
        if isinstance(node, ast.SubLink):
            is_condition = node.subLinkType == SubLinkType.EXISTS_SUBLINK
            return [] if is_condition else self._inner().select(node.subselect)
        is_star = isinstance(node.fields[-1], ast.A_Star)
        return [] if is_star else self.find([part.sval for part in node.fields])


def _renamed(columns: list[Output], names: Sequence[Any] | None) -> list[Output]:
    given = [name.sval for name in names or ()]
    kept = columns[len(given) :]
    pairs = zip(given, columns, strict=False)
    return [Output(name, one.origins, one.is_unchanged) for name, one in pairs] + kept


def _merged(left: Output, right: Output) -> Output:
    origins = tuple(dict.fromkeys((*left.origins, *right.origins)))
    return Output(left.name, origins, left.is_unchanged and right.is_unchanged and len(origins) == 1)


def _name_of(value: Any) -> str:
    """The name that PostgreSQL gives to an expression without an alias, for the usual ones."""
    kind = type(value)
    if kind is ast.FuncCall:
        return str(value.funcname[-1].sval)
    if kind is ast.TypeCast:
        return _name_of(value.arg)
    if kind is ast.ColumnRef:
        return str(value.fields[-1].sval)
    return {ast.CoalesceExpr: "coalesce", ast.CaseExpr: "case"}.get(kind, "?column?")
