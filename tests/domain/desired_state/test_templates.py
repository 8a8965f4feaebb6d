"""Templates: which fits, which is the more specific, and that none applies unasked."""

import pytest

from domain.desired_state.built_in_templates import BUILT_IN
from domain.desired_state.events import TemplateApplied
from domain.desired_state.settings import ChargerSettings
from domain.desired_state.templates import (
    AUTO,
    Template,
    TemplateBook,
    TemplateInvalid,
    TemplateUnknown,
    application_of,
    template_for,
)
from domain.desired_state.values import canonical, is_secret
from domain.event import Event, Fact, Told, events_of
from tests.domain.desired_state.box import START
from tests.domain.desired_state.desk import CHARGER

BENY = {"vendor": "ZJBENY", "model": "BCP-AT2N-P", "firmware": "1.0.31", "protocol": "1.6"}
A = {"A": "1"}


def book(*templates: Template) -> TemplateBook:
    one = TemplateBook("acme")
    for template in templates:
        for event in told(one.stream, one.version, one.define(template)):
            one.when(event)
    return one


def told(stream: str, version: int, facts: list[Fact]) -> list[Event[Fact]]:
    return events_of(stream, version, facts, Told(recorded_at=START))


def test_the_most_specific_that_fits_is_taken() -> None:
    ours = [
        Template(name="maker", vendor="zjbeny", settings=A),
        Template(name="model", vendor="ZJ*", model="bcp-*", settings=A),
        Template(name="firmware", vendor="*", model="bcp-*", firmware="1.0.3?", settings=A),
        Template(name="other", model="BCP-AT2N-P", firmware="9*", settings=A),
        *BUILT_IN,
    ]
    found = template_for(AUTO, ours, **BENY)
    assert found is not None
    assert found.name == "firmware"
    plain = template_for(AUTO, ours, vendor="V", model="M", firmware="", protocol="1.6")
    assert plain is not None
    assert plain.name == "ocpp-1.6"
    newer = template_for(AUTO, BUILT_IN, vendor="V", model="M", firmware="", protocol="2.1")
    assert newer is not None
    assert newer.name == "ocpp-2.x"


def test_none_is_followed_unasked_and_none_that_does_not_fit() -> None:
    assert template_for("", BUILT_IN, **BENY) is None
    assert template_for("ocpp-2.x", BUILT_IN, **BENY) is None
    assert template_for("ocpp-1.6", BUILT_IN, **BENY) is not None


def test_a_template_is_applied_once_and_again_when_its_values_changed() -> None:
    state = ChargerSettings(CHARGER)
    template = Template(name="t", settings=A)
    facts = application_of(state, template)
    assert [type(fact) for fact in facts] == [TemplateApplied]
    for event in told(state.stream, 0, facts):
        state.when(event)
    assert application_of(state, template) == []
    assert application_of(state, Template(name="t", settings={"A": "2"})) != []
    assert application_of(state, None) == []


def test_the_book_of_a_tenant() -> None:
    one = book(Template(name="t", settings=A), Template(name="t", model="M*", settings={"B": "2"}))
    assert one.templates == {"t": Template(name="t", model="M*", settings={"B": "2"})}
    assert one.define(one.templates["t"]) == []
    for event in told(one.stream, one.version, one.withdraw("t")):
        one.when(event)
    with pytest.raises(TemplateUnknown):
        one.withdraw("t")
    for wrong in ("", AUTO):
        with pytest.raises(TemplateInvalid):
            one.define(Template(name=wrong, settings=A))
    with pytest.raises(TemplateInvalid):
        one.define(Template(name="s", settings={"AuthorizationKey": "x"}))
    with pytest.raises(TemplateInvalid):
        one.define(Template(name="s", settings={}))


@pytest.mark.parametrize("template", BUILT_IN, ids=lambda one: one.name)
def test_those_built_in_touch_neither_secrets_nor_cables_nor_the_connection_itself(
    template: Template,
) -> None:
    for name in template.settings:
        assert not is_secret(name)
        assert "Unlock" not in name
        assert name not in ("SecurityProfile", "HeartbeatInterval", "ConnectorPhaseRotation")


@pytest.mark.parametrize(
    ("name", "one", "other", "alike"),
    [
        ("X", "True", "true ", True),
        ("X", "030", "30", True),
        ("X", "a, b", "a,b", True),
        ("X", "a,b", "b,a", False),
        ("MeterValuesSampledData", "SoC,Voltage", "voltage, soc", True),
        ("SampledDataCtrlr.TxUpdatedMeasurands", "A,B", "B,A", True),
        ("X", "", None, False),
        ("X", "1.0", "1", False),
    ],
)
def test_values_are_compared_as_they_are_meant(name: str, one: str, other: str | None, alike: bool) -> None:
    assert (canonical(name, one) == canonical(name, other)) is alike
