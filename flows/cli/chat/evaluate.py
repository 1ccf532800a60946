"""`sigmasight chat evaluate`: the golden questions, asked of the model of the settings."""
# ruff: noqa: PLC0415

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import open_for_command
from warehouse.settings import Settings


def evaluate(
    question: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this question; can be repeated.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report to a file as well.")
    ] = None,
) -> None:
    """Ask the golden questions about the demo's portfolios, and score the answers.

    An answer is right if a result that it stands on equals one of the accepted ones; if nothing is there, it
    must say so; what must not be answered must be refused. Needs OPENAI_API_KEY, the demo (`sigmasight demo`)
    and about 400 answers of the model: try a few with --question first.

    For example:

        sigmasight chat evaluate --question beta --question var

        sigmasight chat evaluate --report evaluation.md
    """
    settings = open_for_command().settings
    from flows.log_format import visible

    text = asyncio.run(_evaluate(settings, question or []))
    print("\n".join(visible(line) for line in text.splitlines()))
    if report is not None:
        report.write_text(text + "\n", "utf-8")


async def _evaluate(settings: Settings, ids: list[str]) -> str:
    """Show each score as it comes; return the report."""
    from api.chat.evaluation.live import evaluate_chat, write_report
    from flows.console import console

    scores = []
    async for score in evaluate_chat(settings, ids):
        scores.append(score)
        mark = "right" if score.is_right else "wrong"
        console().print(f"{score.data_set:8} {score.question.id:24} {mark}", markup=False)
    return write_report(scores)
