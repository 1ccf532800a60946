"""The tool `sql`: one statement that the model wrote, under the guard and the user's own row filter."""

from pydantic import Field

from api.chat.tools.answers import Finding, ToolContext, describe_result
from api.chat.tools.arguments import Arguments
from api.chat.tools.scope import notices_of, read_scope

MOST_CHARACTERS = 10_000
DESCRIPTION = (
    "Run one SELECT (PostgreSQL) over the marts, as this user: only their rows exist. For what no metric "
    "answers, and for all arithmetic: sums, differences, shares and rankings are computed here, not by you. "
    "Look at `describe` first. The session is a column: filter by as_of_date. Results are capped, and say so "
    "when cut. No row means: not there, or not this user's."
)


class SqlArguments(Arguments):
    """Arguments of the tool."""

    statement: str = Field(
        min_length=1, max_length=MOST_CHARACTERS, description="One SELECT; WITH is allowed. No parameters."
    )
    purpose: str = Field(max_length=500, description="What it answers, in a short sentence for the user.")


async def run_sql(arguments: SqlArguments, context: ToolContext) -> Finding:
    """Answer with the result. Raises what ChatReader.run_checked raises."""
    result = await context.reader.run_checked(context.user, arguments.statement)
    scope = await read_scope(context, None, None)
    notices = notices_of(scope.portfolios, with_quality=False)
    if not result.rows:
        notices.append("No rows: there is nothing of this kind, or it is not this user's. That is not zero.")
    return Finding({**describe_result(result), "notices": notices}, (result,), arguments.purpose)
