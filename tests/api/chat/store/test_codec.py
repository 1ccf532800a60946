"""Values survive their way through JSON with their type and every digit."""

from datetime import UTC
from decimal import Decimal
from json import dumps, loads
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.chat.store.codec import decode, encode, storable

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    text,
    st.integers(),
    st.decimals(allow_nan=False),
    st.floats(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0)),
    st.uuids(),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_a_value_is_decoded_as_it_was(value: Any) -> None:
    decoded = decode(loads(dumps(encode(value))))
    assert repr(decoded) == repr(value)


@pytest.mark.parametrize("number", ["1.50", "1E+3", "-0.00", "NaN", "Infinity", "0." + "1" * 200])
def test_a_decimal_keeps_its_digits(number: str) -> None:
    assert str(decode(encode(Decimal(number)))) == str(Decimal(number))


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="of type set"):
        encode({"a": {1}})


@given(st.text())
def test_storable_text_has_neither_nul_nor_half_a_pair(anything: str) -> None:
    stored = storable(anything)
    assert "\0" not in stored
    stored.encode()
    if "\0" not in anything and not any("\ud800" <= character <= "\udfff" for character in anything):
        assert stored == anything
