"""The form of a statement that the planner is asked about: with parameters in place of its values.

The planner knows the most frequent values of a column over the rows of all users. An estimate for a value
that somebody wrote would tell whether others hold it, and a refusal by that estimate would say so to them.

It computes what needs no row before it estimates, so a value need not be written: ascii(true::text) is 116,
cardinality(array[null]) is 1. Nothing may therefore stay from which one could be made.
"""

from collections.abc import Callable
from typing import Any, Final

from pglast import ast
from pglast.parser import ParseError, parse_sql
from pglast.stream import RawStream

KEPT: Final = {
    ast.SortBy: {"node"},  # order by 1
    ast.TypeName: {"typmods"},
}
"""Attributes whose values are no values of columns."""

KEPT_IN_SELECT: Final = {"groupClause", "limitCount", "limitOffset"}
KEPT_ARGUMENTS: Final = {"generate_series": 3, "extract": 1}
"""How many first arguments of a function are kept: how many rows there are, and the part of a date."""

CONDITIONS: Final = {ast.SelectStmt: "whereClause", ast.JoinExpr: "quals"}
"""Where true and false are no values, as in `join ... on true`."""


def general_form(statement: str) -> str | None:
    """The statement with parameters in place of its values; None if it cannot be written like that."""
    try:
        raw: Any = parse_sql(statement)[0]
        _Generalizer().visit(raw.stmt)
        text = str(RawStream()(raw))
        (printed,) = parse_sql(text)
    except (ParseError, RecursionError, NotImplementedError, AttributeError, TypeError, ValueError):
        return None
    # it is run as text, and must mean what was checked, whatever the printer leaves without quotes
    return text if printed.stmt == raw.stmt else None


class _Generalizer:
    """Replaces values below a node. The same value becomes the same parameter, as in GROUP BY."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}

    def visit(self, node: ast.Node) -> None:
        """Replace the values below this node. Raises ValueError for one that cannot be replaced."""
        if isinstance(node, ast.RowExpr) and not node.args:
            raise ValueError("a row without fields is a value")
        if isinstance(node, ast.FuncCall):
            self._visit_function(node)
            return
        keeps = KEPT_IN_SELECT if isinstance(node, ast.SelectStmt) else KEPT.get(type(node), set())
        for name in node:
            value = getattr(node, name)
            if name in keeps:
                self._visit_kept(value)
            elif value is not None and not _is_condition(value, node, name):
                setattr(node, name, self._replaced(value, node))

    def _visit_function(self, node: ast.FuncCall) -> None:
        names: Any = node.funcname
        arguments: Any = node.args or ()
        if not (arguments or node.agg_star or node.agg_order or node.over):
            raise ValueError("a function of nothing is a value")
        kept = KEPT_ARGUMENTS.get(names[-1].sval, 0)
        self._visit_kept(arguments[:kept])
        if arguments[kept:]:
            node.args = (*arguments[:kept], *self._replaced(arguments[kept:], node))
        for name in node:
            if name != "args" and getattr(node, name) is not None:
                setattr(node, name, self._replaced(getattr(node, name), node))

    def _visit_kept(self, value: Any) -> None:
        """Leave values themselves as they are, and replace those in expressions."""
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, ast.Node) and not isinstance(each, ast.A_Const):
                self.visit(each)

    def _replaced(self, value: Any, parent: ast.Node) -> Any:
        if isinstance(value, tuple):
            return tuple(self._replaced(each, parent) for each in value)
        if isinstance(value, ast.A_Const):
            return self._parameter(value, parent)
        if isinstance(value, ast.A_ArrayExpr) and not value.elements:
            return self._untyped(parent)
        if isinstance(value, ast.Node):
            self.visit(value)
        return value

    def _parameter(self, value: ast.A_Const, parent: ast.Node) -> ast.Node:
        inner: Any = value.val
        if value.isnull:
            return self._untyped(parent)
        if isinstance(inner, ast.Boolean):
            return _cast(self._numbered("boolean", str(inner.boolval)), "bool")
        if isinstance(inner, ast.String):
            text = str(inner.sval)
            if isinstance(parent, ast.A_ArrayExpr):
                return _cast(self._numbered("text", text, "text"), "text")
            cast_to: Any = getattr(parent, "typeName", None)  # of a TypeCast
            return self._numbered("text", text, RawStream()(cast_to) if cast_to else "")
        is_whole = isinstance(inner, ast.Integer)
        number = self._numbered("number", str(inner.ival if is_whole else inner.fval))
        return _cast(number, *(("int4",) if is_whole else ("pg_catalog", "numeric")))

    def _untyped(self, parent: ast.Node) -> ast.Node:
        """In place of a null or an empty array, whose type is that of its place in the parent."""
        try:
            return self._numbered("none", RawStream()(parent))
        except NotImplementedError:  # of a part of a statement
            return self._numbered("none", "", str(len(self._numbers)))

    def _numbered(self, *key: str) -> ast.Node:
        return ast.ParamRef(number=self._numbers.setdefault(key, len(self._numbers) + 1))


def _is_condition(value: Any, parent: ast.Node, name: str) -> bool:
    """Whether it is true or false where it is no value."""
    is_boolean = isinstance(value, ast.A_Const) and isinstance(value.val, ast.Boolean)
    return is_boolean and CONDITIONS.get(type(parent)) == name


def _cast(node: ast.Node, *names: str) -> ast.Node:
    """A cast as the parser makes it, so that both are equal."""
    make: Callable[..., Any] = ast.TypeName
    parts = tuple(ast.String(sval=name) for name in names)
    return ast.TypeCast(arg=node, typeName=make(names=parts, typemod=-1, setof=False, pct_type=False))
