"""The queries only shape figures; the marts and functions of the warehouse compute them."""

import re

import pytest

from api.queries import PARTS, named_parts, query_files

QUERIES = sorted(query_files())
STATISTICS = re.compile(
    r"\b(corr|covar_\w+|regr_\w+|stddev\w*|var_pop|var_samp|variance|percentile_\w+|mode|avg|sqrt|power|exp|ln|log"
    r"|percent_rank|cume_dist|ntile)\s*\(",
    re.IGNORECASE,
)


def without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_computes_a_statistic(name: str) -> None:
    own = query_files()[name].read_text("utf-8")
    texts = [own, *(next(PARTS.rglob(f"{part}.sql")).read_text("utf-8") for part in named_parts(own))]
    assert [match[1] for text in texts for match in STATISTICS.finditer(without_comments(text))] == []


def test_the_pattern_finds_statistics() -> None:
    computing = (
        "select avg(beta), stddev_samp (pnl), regr_slope(y, x), corr(y, x), SQRT(252), percentile_cont(0.5)"
    )
    assert len(STATISTICS.findall(computing)) == 6
    assert not STATISTICS.search(
        "select correlation, average_correlation, value_at_risk, round(beta, 6), exp_date"
    )
