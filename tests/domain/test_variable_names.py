"""Names of 2.x variables: one line of text, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chargers.device_model import Place
from domain.chargers.variable_names import NotAVariableName, name_of, place_named

_words = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-_=:+|@", min_size=1, max_size=50
)
_instances = st.just("") | st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-_=:+|@.", min_size=1, max_size=50
)


@st.composite
def places(draw: st.DrawFn) -> Place:
    evse_id = draw(st.none() | st.integers(0, 10**9 - 1))
    connector_id = draw(st.none() | st.integers(0, 10**9 - 1)) if evse_id is not None else None
    variable = draw(st.just("") | _words)
    return Place(
        component=draw(_words),
        component_instance=draw(_instances),
        evse_id=evse_id,
        connector_id=connector_id,
        variable=variable,
        variable_instance=draw(_instances) if variable else "",
    )


@given(places())
def test_every_name_reads_back_as_the_variable_it_was_made_of(place: Place) -> None:
    assert place_named(name_of(place)) == place


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("AuthCtrlr.LocalPreAuthorize", "AuthCtrlr.LocalPreAuthorize"),
        ("OCPPCommCtrlr.MessageTimeout.Default", "OCPPCommCtrlr.MessageTimeout[Default]"),
        ("NetworkConfiguration.1.OcppCsmsUrl", "NetworkConfiguration[1].OcppCsmsUrl"),
        ("Part.a.Value.b", "Part[a].Value[b]"),
        ("Connector#1/2.Available", "Connector#1/2.Available"),
        ("EVSE#1.Power", "EVSE#1.Power"),
        ("ChargingStation", "ChargingStation"),
    ],
)
def test_names_with_bare_dots_are_read_too(name: str, spelling: str) -> None:
    assert name_of(place_named(name)) == spelling


@pytest.mark.parametrize("name", ["", ".", "A.", ".B", "A.B.C.D.E", "A[.B", "A[].B", "A#.B", "A#x.B", "A.B]"])
def test_anything_else_is_no_name(name: str) -> None:
    with pytest.raises(NotAVariableName):
        place_named(name)
