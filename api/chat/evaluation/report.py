"""The report of an evaluation, as a table in Markdown."""

from collections.abc import Callable, Iterator, Sequence

from api.chat.evaluation.runner import Score

Chosen = Callable[[Score], bool]


def write_report(scores: Sequence[Score]) -> str:
    """The table of an evaluation, and the questions that were answered wrongly."""
    return "\n".join([*_table(scores), "", *_totals(scores), "", *_wrong(scores)])


def _table(scores: Sequence[Score]) -> Iterator[str]:
    yield "| data set | with a metric | SQL only | absence | refusals | figures | unverified | tokens |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in [*dict.fromkeys(score.data_set for score in scores), "all"]:
        rows = [score for score in scores if name in {score.data_set, "all"}]
        cells = [
            _share(rows, lambda score: score.expectation == "figures" and score.question.has_metric),
            _share(rows, lambda score: score.expectation == "figures" and not score.question.has_metric),
            _share(rows, lambda score: score.expectation == "absence"),
            _share(rows, lambda score: score.expectation == "refusal"),
            str(sum(score.figures for score in rows)),
            str(sum(score.unverified for score in rows)),
            str(sum(score.tokens for score in rows)),
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def _totals(scores: Sequence[Score]) -> Iterator[str]:
    """Execution accuracy, and precision and recall of refusals over all questions."""
    yield f"Execution accuracy: {_share(scores, lambda score: score.expectation != 'refusal')}."
    right = sum(score.is_refusal and score.expectation == "refusal" for score in scores)
    refused = sum(score.is_refusal and score.expectation != "absence" for score in scores)
    wanted = sum(score.expectation == "refusal" for score in scores)
    yield f"Refusals: precision {_ratio(right, refused)}, recall {_ratio(right, wanted)}."


def _wrong(scores: Sequence[Score]) -> Iterator[str]:
    for score in scores:
        if not score.is_right:
            yield f"- {score.data_set}, {score.question.id} ({score.expectation}): {score.question.ask}"


def _share(scores: Sequence[Score], chosen: Chosen) -> str:
    rows = [score for score in scores if chosen(score)]
    return _ratio(sum(score.is_right for score in rows), len(rows))


def _ratio(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"
