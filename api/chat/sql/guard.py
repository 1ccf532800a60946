"""Check a statement that a model wrote, on the tree of PostgreSQL's own parser.

Everything is refused that is not listed: kinds of nodes, relations, functions, types, operators. The rights
of the role are the wall behind it (warehouse/sql/001_roles.sql); this check refuses with a sentence that says
what to write instead.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pglast import ast
from pglast.enums import A_Expr_Kind, SQLValueFunctionOp
from pglast.parser import ParseError, parse_sql, scan

from api.chat.sql.errors import StatementRefused
from api.chat.sql.functions import (
    FUNCTIONS,
    INSTEAD,
    OPERATORS,
    OWN_FUNCTIONS,
    TABLE_FUNCTIONS,
    TYPES,
)
from api.chat.sql.untimed import ARITHMETIC, MAX_ARITHMETIC, check_function, check_operator, check_sublink

__all__ = ["CheckedStatement", "StatementRefused", "check_statement"]

MAX_CHARACTERS: Final = 10_000
MAX_DEPTH: Final = 250
"""Of the tree: a sum of a hundred terms is a hundred deep. The parser itself copes with the length above."""

MAX_NODES: Final = 5000
MAX_SERIES: Final = 100_000
"""The largest whole number in the arguments of generate_series."""

MAX_MODIFIER: Final = 1000
"""The largest number in a type such as varchar(n) or numeric(p, s), and in the length of lpad and rpad."""

CURRENT: Final = "marts"
_FRACTION: Final = re.compile(r"\d{0,12}\.\d*")
_WORD: Final = re.compile(r"[A-Za-z_]+")
COMMENTS: Final = {"C_COMMENT", "SQL_COMMENT"}

NODES: Final = (
    ast.RawStmt, ast.SelectStmt, ast.WithClause, ast.CommonTableExpr, ast.ResTarget, ast.ColumnRef,
    ast.A_Star, ast.RangeVar, ast.RangeSubselect, ast.RangeFunction, ast.JoinExpr, ast.Alias, ast.A_Const,
    ast.Integer, ast.Float, ast.Boolean, ast.String, ast.A_Expr, ast.BoolExpr, ast.NullTest, ast.BooleanTest,
    ast.CaseExpr, ast.CaseWhen, ast.CoalesceExpr, ast.MinMaxExpr, ast.SubLink, ast.TypeCast, ast.TypeName,
    ast.FuncCall, ast.NamedArgExpr, ast.WindowDef, ast.SortBy, ast.GroupingSet, ast.GroupingFunc,
    ast.A_ArrayExpr, ast.A_Indirection, ast.A_Indices, ast.RowExpr, ast.SQLValueFunction, ast.CollateClause,
    ast.ParamRef,
)  # fmt: skip

Scope = frozenset[str]
"""The names of the CTEs that a part of the statement sees."""


@dataclass(frozen=True)
class CheckedStatement:
    """A statement that may be run.

    text: without comments and semicolon; marts are named without the schema `marts`, so that the search path
    decides whether they are the current ones. relations: the marts that it reads, as schema.name.
    """

    text: str
    relations: frozenset[str]


def check_statement(text: str, *, relations: Mapping[str, frozenset[str]]) -> CheckedStatement:
    """Check one SELECT over these relations (names by schema). Raises StatementRefused."""
    _check_text(text)
    statement = _parse(text)
    walk = _Walk(relations)
    walk.check(statement)
    normalized = _normalize(text, walk.qualified)
    _check_still_equal(normalized, relations)
    return CheckedStatement(text=normalized, relations=frozenset(walk.read))


def _refuse(code: str, message: str) -> StatementRefused:
    return StatementRefused(code, message)


def _check_text(text: str) -> None:
    if not text.strip():
        raise _refuse("empty", "The statement is empty: write one SELECT over the marts.")
    if len(text) > MAX_CHARACTERS:
        raise _refuse(
            "too_long",
            f"The statement has {len(text):,} characters, more than {MAX_CHARACTERS:,}: write a shorter one.",
        )
    odd = next(
        (character for character in text if not (character.isprintable() or character in "\n\r\t ")), None
    )
    if odd is not None:
        raise _refuse(
            "odd_character",
            f"The statement contains the character U+{ord(odd):04X}, which is not allowed: write plain text.",
        )


def _parse(text: str) -> ast.RawStmt:
    try:
        statements = parse_sql(text)
    except ParseError as error:
        raise _refuse("syntax", _syntax_sentence(text, error)) from None
    except (RecursionError, MemoryError, ValueError, UnicodeError):
        raise _refuse("too_complex", "The statement is nested too deeply: write a simpler one.") from None
    if len(statements) != 1:
        found = "no statement" if not statements else f"{len(statements)} statements"
        raise _refuse("not_one_statement", f"The text contains {found}: write exactly one SELECT.")
    return statements[0]


def _syntax_sentence(text: str, error: ParseError) -> str:
    message = str(error).split(" at or near")[0].split(", at index")[0]
    if "memory exhausted" in message:
        return "The statement is nested too deeply: write a simpler one."
    place = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else None
    if place is None or not 0 <= place < len(text):
        return (
            "PostgreSQL's grammar does not accept the statement: it ends too early, or a quote is not closed."
        )
    near = text[place : place + 30].split("\n", maxsplit=1)[0]
    return f"PostgreSQL's grammar does not accept the statement near `{near}`."


# --- the tree -------------------------------------------------------------------------------------


class _Walk:
    """Visits every node of a statement once, without recursion, and checks it by its kind."""

    def __init__(self, relations: Mapping[str, frozenset[str]]) -> None:
        self.relations = relations
        self.read: set[str] = set()
        self.qualified: list[int] = []  # where a name begins with the schema marts
        self.functions: dict[str, frozenset[str]] = {}  # columns by alias of a function in FROM
        self.columns: list[tuple[str, ...]] = []
        self.nodes = 0
        self.arithmetic = 0

    def check(self, statement: ast.RawStmt) -> None:
        if not isinstance(statement.stmt, ast.SelectStmt):
            raise _refuse("not_a_select", "Only SELECT is allowed: the marts are read, never changed.")
        pending: list[tuple[Any, Scope, int]] = [(statement.stmt, frozenset(), 0)]
        while pending:
            node, scope, depth = pending.pop()
            self.nodes += 1
            if depth > MAX_DEPTH or self.nodes > MAX_NODES:
                raise _refuse(
                    "too_complex", "The statement is nested too deeply or too long: write a simpler one."
                )
            self._check_node(node, scope)
            pending += [(child, inner, depth + 1) for child, inner in _children(node, scope)]
        self._check_columns_of_functions()

    def _check_node(self, node: Any, scope: Scope) -> None:
        if not isinstance(node, NODES):
            raise _unknown_node(node)
        check = CHECKS.get(type(node))
        if check is not None:
            check(self, node, scope)

    # --- kinds of nodes ---------------------------------------------------------------------------

    def on_select(self, node: Any, _: Scope) -> None:
        if node.intoClause is not None:
            raise _refuse("writes", "SELECT INTO creates a table, which is not allowed: leave INTO out.")
        if node.lockingClause:
            raise _refuse(
                "locks", "FOR UPDATE and FOR SHARE lock rows, which is not allowed: leave them out."
            )

    def on_with(self, node: Any, _: Scope) -> None:
        if node.recursive:
            raise _refuse(
                "recursive",
                "WITH RECURSIVE is not allowed: write WITH, and generate_series where you need a series.",
            )

    def on_cte(self, node: Any, _: Scope) -> None:
        if not isinstance(node.ctequery, ast.SelectStmt):
            raise _refuse("not_a_select", f"The CTE {node.ctename} changes data: only SELECT is allowed.")
        _check_name(node.ctename)

    def on_relation(self, node: Any, scope: Scope) -> None:
        name, schema = node.relname, node.schemaname
        if node.catalogname is not None:
            raise _refuse("unknown_relation", f"Name the mart alone: {name}, without a database.")
        if schema is None and name in scope:
            return
        if name not in self.relations.get(schema or CURRENT, frozenset()):
            raise self._unknown_relation(schema, name)
        if schema == CURRENT and name not in scope:
            self.qualified.append(node.location)
        self.read.add(f"{schema or CURRENT}.{name}")

    def _unknown_relation(self, schema: str | None, name: str) -> StatementRefused:
        shown = name if schema is None else f"{schema}.{name}"
        others = [other for other, names in self.relations.items() if name in names]
        if name.startswith("pg_") or schema in {"pg_catalog", "information_schema"}:
            return _refuse(
                "catalog",
                f"{shown} belongs to the database's catalogs, which are not readable: use the marts.",
            )
        if others:
            return _refuse("unknown_relation", f"There is no {shown}: write {others[0]}.{name}.")
        near = nearest(name, self.relations.get(CURRENT, frozenset()))
        hint = f"did you mean {near}?" if near else "see `describe` for the marts."
        return _refuse("unknown_relation", f"There is no mart {shown}: {hint}")

    def on_function(self, node: Any, _: Scope) -> None:
        parts = _strings(node.funcname)
        name = parts[-1]
        schema = parts[0] if len(parts) > 1 else None
        is_known = (name in FUNCTIONS and schema in {None, "pg_catalog"}) or (
            name in OWN_FUNCTIONS and schema in {None, "udf"}
        )
        if not is_known or len(parts) > 2:  # noqa: PLR2004 - schema and name
            hint = INSTEAD.get(name)
            raise _refuse(
                "function",
                f"The function {'.'.join(parts)} is not allowed"
                + (
                    f": use {hint}."
                    if hint
                    else ": use arithmetic, aggregates, windows, dates or text functions."
                ),
            )
        self._count_arithmetic(name)
        check_function(name, node.args)
        if name == "generate_series":
            _check_numbers(node.args, MAX_SERIES, "generate_series may make at most {} values.")
        if name in {"lpad", "rpad"}:
            _check_padding(node)
        if name == "extract":
            _check_part_of_date(node)

    def on_type(self, node: Any, _: Scope) -> None:
        parts = _strings(node.names)
        is_qualified = len(parts) > 1
        if (
            parts[-1] not in TYPES
            or (is_qualified and parts[:-1] != ["pg_catalog"])
            or node.setof
            or node.pct_type
        ):
            raise _refuse(
                "type",
                f"The type {'.'.join(parts)} is not allowed: use integer, numeric, double precision, text, "
                "boolean, date, timestamptz, interval, uuid or jsonb.",
            )
        _check_numbers(node.typmods, MAX_MODIFIER, "A length or precision of a type may be at most {}.")

    def on_operator(self, node: Any, _: Scope) -> None:
        if node.kind in BETWEEN:
            return
        _check_operator(node.name)
        name = _strings(node.name)[-1]
        self._count_arithmetic(name)
        check_operator(name, node.lexpr, node.rexpr)

    def _count_arithmetic(self, name: str) -> None:
        self.arithmetic += name in ARITHMETIC
        if self.arithmetic > MAX_ARITHMETIC:
            raise _refuse(
                "too_complex",
                f"The statement multiplies, divides or takes powers more than {MAX_ARITHMETIC} times: "
                "write a simpler one.",
            )

    def on_sublink(self, node: Any, _: Scope) -> None:
        if node.operName:
            _check_operator(node.operName)
            check_sublink(_strings(node.operName)[-1])

    def on_sort(self, node: Any, _: Scope) -> None:
        if node.useOp:
            raise _refuse("operator", "ORDER BY ... USING is not allowed: write asc or desc.")

    def on_current(self, node: Any, _: Scope) -> None:
        name = SQLValueFunctionOp(node.op).name.removeprefix("SVFOP_").removesuffix("_N").lower()
        instead = INSTEAD["now"] if "time" in name or "date" in name else INSTEAD["current_setting"]
        raise _refuse("function", f"{name} is not allowed: use {instead}.")

    def on_parameter(self, node: Any, _: Scope) -> None:
        raise _refuse("parameter", f"The parameter ${node.number} has no value: write the value itself.")

    def on_collation(self, node: Any, _: Scope) -> None:
        if _strings(node.collname) not in (["C"], ["pg_catalog", "C"]):
            raise _refuse(
                "collation", 'Only the collation "C" is allowed, and it is the default: leave COLLATE out.'
            )

    def on_indirection(self, node: Any, _: Scope) -> None:
        # (value).name calls the function `name` when the value has no such field
        if not all(isinstance(part, ast.A_Indices) for part in node.indirection):
            raise _refuse(
                "field", "(value).field is not allowed: write alias.column, or ->> for a JSON field."
            )

    def on_column(self, node: Any, _: Scope) -> None:
        names = tuple("*" if isinstance(part, ast.A_Star) else part.sval for part in node.fields)
        if len(names) > 3:  # noqa: PLR2004 - schema, mart, column
            raise _refuse("field", f"{'.'.join(names)} is not a column: write alias.column.")
        if len(names) == 3:  # noqa: PLR2004
            if names[0] not in self.relations:
                raise _refuse("field", f"{'.'.join(names)} is not a column: write alias.column.")
            if names[0] == CURRENT:
                self.qualified.append(node.location)
        self.columns.append(names)

    def on_range_function(self, node: Any, _: Scope) -> None:
        if node.coldeflist or any(item[1] for item in node.functions):
            raise _refuse(
                "columns", "A column definition list is not allowed: use json_array_elements, ->> and a cast."
            )
        if not all(isinstance(item[0], ast.FuncCall) for item in node.functions):
            raise _refuse("function", "Only a function can stand in FROM like that: use a sub-select.")
        if node.alias is not None:
            alias = node.alias.aliasname
            given = set(_strings(node.alias.colnames or ()))
        else:
            alias, given = _strings(node.functions[0][0].funcname)[-1], set()
        names = {_strings(item[0].funcname)[-1] for item in node.functions}
        if names <= TABLE_FUNCTIONS:
            return
        known = FUNCTION_COLUMNS | given | {alias} | names
        self.functions[alias] = known & self.functions.get(alias, known)

    def _check_columns_of_functions(self) -> None:
        """Refuse g.name where g is a function in FROM and `name` is not its column.

        PostgreSQL takes it for name(g) when the function gives single values and not rows:
        `select g.current_setting from unnest(array['x']) as g`.
        """
        for names in self.columns:
            known = self.functions.get(names[-2]) if len(names) > 1 else None
            if known is not None and names[-1] not in known | {"*"}:
                raise _refuse(
                    "field",
                    f"{'.'.join(names)} is not a column of the function in FROM: "
                    f"name its columns, as in unnest(...) as {names[-2]}(value).",
                )


FUNCTION_COLUMNS: Final = frozenset({"ordinality", "key", "value"})

CHECKS: Final[Mapping[type, Any]] = {
    ast.SelectStmt: _Walk.on_select,
    ast.WithClause: _Walk.on_with,
    ast.CommonTableExpr: _Walk.on_cte,
    ast.RangeVar: _Walk.on_relation,
    ast.FuncCall: _Walk.on_function,
    ast.TypeName: _Walk.on_type,
    ast.A_Expr: _Walk.on_operator,
    ast.SubLink: _Walk.on_sublink,
    ast.SortBy: _Walk.on_sort,
    ast.SQLValueFunction: _Walk.on_current,
    ast.ParamRef: _Walk.on_parameter,
    ast.CollateClause: _Walk.on_collation,
    ast.A_Indirection: _Walk.on_indirection,
    ast.ColumnRef: _Walk.on_column,
    ast.RangeFunction: _Walk.on_range_function,
}

BETWEEN: Final = {
    A_Expr_Kind.AEXPR_BETWEEN,
    A_Expr_Kind.AEXPR_NOT_BETWEEN,
    A_Expr_Kind.AEXPR_BETWEEN_SYM,
    A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM,
}


def _children(node: Any, scope: Scope) -> Iterator[tuple[Any, Scope]]:
    """Yield the nodes below, each with the CTEs that it sees: a CTE sees only those before it."""
    if isinstance(node, ast.SelectStmt) and node.withClause is not None:
        yield node.withClause, scope
        ctes: Any = node.withClause.ctes
        for cte in ctes:
            yield cte, scope
            scope = scope | {cte.ctename}
    for name in node:
        if isinstance(node, ast.SelectStmt) and name == "withClause":
            continue
        if isinstance(node, ast.WithClause) and name == "ctes":
            continue
        for child in _flat(getattr(node, name)):
            yield child, scope


def _flat(value: Any) -> Iterator[ast.Node]:
    """Yield the nodes in a value of a node: a node, or tuples of them."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Node):
            yield item
        elif isinstance(item, (list, tuple)):
            pending += item


def _unknown_node(node: Any) -> StatementRefused:
    kind = type(node).__name__
    if kind.endswith("Stmt"):
        return _refuse("not_a_select", "Only SELECT is allowed: the marts are read, never changed.")
    readable = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
    return _refuse("construct", f"This construct is not allowed ({readable}): write it with plain SELECT.")


def _strings(nodes: Any) -> list[str]:
    return [node.sval for node in nodes or ()]


def _check_operator(name: Any) -> None:
    parts = _strings(name)
    if len(parts) != 1 or parts[0] not in OPERATORS:
        raise _refuse(
            "operator",
            f"The operator {'.'.join(parts)} is not allowed: use arithmetic, comparison, LIKE or ->.",
        )


def _check_name(name: str) -> None:
    if name.startswith("pg_") or name == "information_schema":
        raise _refuse("catalog", f"{name} is a name of the database's catalogs: choose another one.")


def _check_numbers(nodes: Any, largest: int, sentence: str) -> None:
    pending = list(_flat(nodes))
    while pending:
        node: Any = pending.pop()
        if isinstance(node, ast.Integer):
            is_larger = abs(node.ival or 0) > largest
        elif isinstance(node, ast.Float):  # a fraction, or a whole number beyond 2^31
            is_larger = not _FRACTION.fullmatch(node.fval or "") or float(node.fval or 0) > largest
        else:
            is_larger = False
        if is_larger:
            raise _refuse("too_large", sentence.format(f"{largest:,}"))
        pending += [child for name in node for child in _flat(getattr(node, name))]


def _check_padding(node: Any) -> None:
    width: Any = node.args[1] if node.args and len(node.args) > 1 else None
    number = width.val if isinstance(width, ast.A_Const) else None
    if not isinstance(number, ast.Integer) or (number.ival or 0) > MAX_MODIFIER:
        raise _refuse("too_large", f"The length of lpad and rpad must be a number up to {MAX_MODIFIER:,}.")


def _check_part_of_date(node: Any) -> None:
    """Refuse a part that is no word: printed without quotes for the planner, it could end the expression."""
    part = node.args[0].val if node.args and isinstance(node.args[0], ast.A_Const) else None
    if isinstance(part, ast.String) and not _WORD.fullmatch(part.sval or ""):
        raise _refuse("bad_value", "The part of a date in extract must be one word, such as year or epoch.")


def nearest(name: str, known: frozenset[str]) -> str | None:
    """Return the known name that resembles this one most, or None."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


# --- the text that is run -------------------------------------------------------------------------


def _normalize(text: str, qualified: list[int]) -> str:
    """Remove comments, the semicolon, and the schema marts where a name begins with it."""
    tokens = scan(text)
    removed = [
        (token.start, token.end + 1) for token in tokens if token.name in COMMENTS or token.name == "ASCII_59"
    ]
    words = [token for token in tokens if token.name not in COMMENTS]
    starts = {token.start: place for place, token in enumerate(words)}
    for location in set(qualified):
        place = starts[location]
        removed.append((words[place].start, words[place + 2].start))
    kept: list[str] = []
    done = 0
    for start, end in sorted(removed):
        if start >= done:  # a comment between the schema and the mart goes with the schema
            kept += [text[done:start], " " * text[start:end].startswith(("/*", "--"))]
        done = max(done, end)
    return "".join([*kept, text[done:]]).strip()


def _check_still_equal(text: str, relations: Mapping[str, frozenset[str]]) -> None:
    """Check what will be run, not only what was written."""
    _Walk(relations).check(_parse(text))
