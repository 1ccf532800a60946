"""Documents are cut by heading into passages that read alone."""

import re

from api.chat.documents.glossary import GLOSSARY, read_glossary
from api.chat.documents.marts import MARTS, cut_mart
from api.chat.documents.passages import MOST_CHARACTERS, Passage, cut_markdown
from api.chat.documents.sources import read_sources

PASSAGES = [passage for source in read_sources() for passage in source.cut()]

PAGE = """# Risk

Intro with a [link](target.md#part).

## Value at risk

- One item
  that goes on.

```sql
select 1 -- # not a heading
```

| name | meaning | unit |
|---|---|---|
| `var` | loss \\| gain | USD |

Models: [a.sql](a.sql).

### Backtest

Text.

## Other

End.
"""


def test_a_page_is_cut_by_heading_with_the_path_kept() -> None:
    cut = {passage.anchor: passage for passage in cut_markdown("risk.md", PAGE)}
    assert list(cut) == ["risk", "value-at-risk", "value-at-risk/backtest", "other"]
    assert cut["value-at-risk/backtest"].heading == "Risk > Value at risk > Backtest"
    assert cut["other"].heading == "Risk > Other"
    assert cut["risk"].body == "Intro with a link."


def test_code_items_and_rows_stay_whole_and_files_of_code_are_left_out() -> None:
    (passage,) = [one for one in cut_markdown("risk.md", PAGE) if one.anchor == "value-at-risk"]
    assert passage.body == (
        "- One item\n  that goes on.\n```sql\nselect 1 -- # not a heading\n```\n`var`: loss | gain; USD"
    )


def test_a_long_section_is_cut_between_blocks_and_a_long_block_inside() -> None:
    blocks = [f"Paragraph {number}. " + "word " * 80 for number in range(4)]
    long_block = "Sentence of the long block. " * 100
    cut = cut_markdown("a.md", "# A\n\n" + "\n\n".join([*blocks, long_block]))
    assert [passage.anchor for passage in cut[:3]] == ["a", "a-2", "a-3"]
    assert max(len(passage.body) for passage in cut) <= MOST_CHARACTERS
    joined = " ".join(passage.body for passage in cut)
    assert joined.split() == " ".join([*blocks, long_block]).split()


def test_a_short_rest_joins_the_passage_before_it() -> None:
    cut = cut_markdown("a.md", "# A\n\n" + "word " * 119 + "\n\nShort rest.")
    assert [passage.body[-11:] for passage in cut] == ["Short rest."]


def test_every_passage_has_a_heading_a_bounded_body_and_an_anchor_of_its_own() -> None:
    assert all(passage.heading and passage.body.strip() for passage in PASSAGES)
    assert max(len(passage.body) for passage in PASSAGES) <= MOST_CHARACTERS
    assert len({(passage.source, passage.anchor) for passage in PASSAGES}) == len(PASSAGES)


def test_readme_docs_every_mart_and_the_glossary_are_sources() -> None:
    sources = {passage.source for passage in PASSAGES}
    assert {"README.md", "docs/method.md", "docs/operations.md", "glossary"} <= sources
    assert {path.stem for path in MARTS.rglob("*.yml")} <= sources


def test_a_mart_shows_each_column_with_its_unit_and_its_shared_description() -> None:
    text = """
models:
  - name: fct_things
    description: "Things. One row per thing."
    columns:
      - {name: thing_id, description: "{{ doc('thing_id') }}", config: {meta: {unit: id}}}
      - {name: weight, description: "Weight of the thing.", config: {meta: {unit: kg}}}
"""
    cut = cut_mart("fct_things", text, {"thing_id": "Thing (dim_things)."})
    assert cut == [
        Passage(
            "fct_things", "fct_things", "fct_things", "Things. One row per thing.\nColumns: thing_id, weight."
        ),
        Passage(
            "fct_things",
            "columns",
            "fct_things > columns",
            "thing_id (id): Thing (dim_things).\nweight (kg): Weight of the thing.",
        ),
    ]


def test_no_passage_of_a_mart_shows_a_template() -> None:
    assert not [
        passage for passage in PASSAGES if "{{" in passage.body and passage.source[:4] in ("fct_", "dim_")
    ]


def test_every_reference_of_the_glossary_names_a_passage() -> None:
    # a reference to a sentence that was reworded would silently lose the synonyms of its term
    for term in read_glossary(GLOSSARY.read_text("utf-8")):
        assert term.see, term.term
        assert len(term.is_defined_in(PASSAGES)) == len(term.see), (term.term, term.see)


def test_every_term_of_the_glossary_is_defined_once_in_a_sentence() -> None:
    terms = read_glossary(GLOSSARY.read_text("utf-8"))
    assert len({term.term.lower() for term in terms}) == len(terms)
    assert not [term.term for term in terms if not re.fullmatch(r"[A-Z].+\.", term.definition)]
    assert not [term.term for term in terms if len(set(term.synonyms)) < len(term.synonyms)]
