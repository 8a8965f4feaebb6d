"""Tokens in frames: sealed, whatever the frame looks like, and put back to the last sign."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ocpp.token_places import tokens_in
from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import WIRE
from adapters.privacy.sealing import Places, Sealer, refs_of, restored, restored_bytes
from adapters.privacy.spelling import new_ref
from adapters.privacy.subjects import Subjects
from application import clock
from domain.chargers.events import HeartbeatReceived
from domain.event import Event, Fact, Told
from tests.fakes.vault import InMemoryVault

RING = KeyRing({1: b"k" * 32})


class Desk:
    """Seals frames as the store does."""

    def __init__(self) -> None:
        self.subjects = Subjects(InMemoryVault(), RING)

    def told(self, told: Told) -> Told:
        event: Event[Fact] = Event(
            originator_id="charger/t/CP", originator_version=1, fact=HeartbeatReceived(), told=told
        )
        for _ in range(2):
            sealer = Sealer(self.subjects, WIRE, Places(()), "t")
            sealed = sealer.event(event)
            if not sealer.missing:
                return sealed.told
            self.subjects.ensure("t", sealer.missing)
        raise AssertionError(sealer.missing)

    def seal(self, frame: str) -> str:
        sealed = self.told(Told(recorded_at=clock.now(), frame=frame)).frame
        assert sealed is not None
        return sealed

    def restore(self, sealed: str) -> str:
        return restored(sealed, self.subjects, "t")


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


TOKEN = "04A2B9C1D2E380"
FRAMES = {
    "1.6 Authorize": '[2,"1","Authorize",{"idTag":"04A2B9C1D2E380"}]',
    "1.6 answer with a parent": '[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag":"04A2B9C1D2E380"}}]',
    "1.6 list": '[2,"1","SendLocalList",{"listVersion":1,"updateType":"Full","localAuthorizationList":'
    '[{"idTag":"04A2B9C1D2E380","idTagInfo":{"status":"Accepted"}},{"idTag":"04a2b9c1d2e380"}]}]',
    "2.x": '[2,"1","TransactionEvent",{"idToken":{"idToken":"04A2B9C1D2E380","type":"ISO14443","additionalInfo":'
    '[{"additionalIdToken":"04a2b9C1D2E380","type":"x"}]},"evse":{"id":1}}]',
    "2.x answer": '[3,"1",{"idTokenInfo":{"status":"Accepted",'
    '"groupIdToken":{"idToken":"04A2B9C1D2E380","type":"Central"}}}]',
    "2.x customer": '[2,"1","CustomerInformation",{"requestId":1,"report":true,"customerIdentifier":"04A2B9C1D2E380"}]',
    "2.1 contracts": '[2,"1","Get15118EVCertificate",{"prioritizedEMAIDs":["X","04A2B9C1D2E380"]}]',
    "2.1 payment": '[2,"1","NotifySettlement",{"pspRef":"04A2B9C1D2E380","vatNumber":"04A2B9C1D2E380"}]',
    "spaces": '[ 2 , "1" , "Authorize" , { "idTag" : "04A2B9C1D2E380" } ]',
    "misspelled": '[2,"1","Authorize",{"IDTAG":"04A2B9C1D2E380"}]',
    "a name in escapes": '[2,"1","Authorize",{"\\u0069dTag":"04A2B9C1D2E380"}]',
    "a value in escapes": '[2,"1","Authorize",{"idTag":"\\u00304A2B9C1D2E38\\u0030"}]',
    "blanks around": '[2,"1","Authorize",{"idTag":" 04A2B9C1D2E380 "}]',
    "cut off": '[2,"1","Authorize",{"idTag":"04A2B9C1D2E380',
    "cut off in an escape": '[2,"1","Authorize",{"idTag":"04A2B9C1D2E380\\',
    "broken": '[2,"1","Authorize",{"idTag":"04A2B9C1D2E380",}]]',
    "said again": '[2,"04A2B9C1D2E380","Authorize",{"idTag":"04A2B9C1D2E380","note":"card 04a2b9c1d2e380!"}]',
    "a name of a field": '[2,"1","Authorize",{"idTag":"04A2B9C1D2E380","04A2B9C1D2E380":1}]',
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_no_token_is_left_and_the_frame_comes_back(desk: Desk, frame: str) -> None:
    sealed = desk.seal(frame)
    assert TOKEN.lower() not in sealed.lower()
    assert "04A2B9C1D2E38" not in json.dumps(_readable(sealed))
    assert desk.restore(sealed) == frame
    assert desk.seal(frame) == sealed, "the same is sealed the same way in one process"


def _readable(sealed: str) -> str:
    return re.sub(r"\\u00(..)", lambda found: chr(int(found[1], 16)), sealed)


@pytest.mark.parametrize(
    "frame",
    [
        '[2,"1","Heartbeat",{}]',
        '[2,"1","StatusNotification",{"connectorId":1,"status":"Available","info":"~tilde"}]',
        '[2,"1","StopTransaction",{"transactionId":7,"meterStop":100}]',
        '[2,"1","Authorize",{"idTag":""}]',
        '[2,"1","DataTransfer",{"vendorId":"idTag"}]',
        "",
        "{",
    ],
)
def test_what_holds_no_token_stays_as_it_is(desk: Desk, frame: str) -> None:
    assert desk.seal(frame) is frame


def test_a_number_in_the_place_of_a_token_is_sealed_and_other_numbers_are_not(desk: Desk) -> None:
    frame = '[2,"1","StartTransaction",{"connectorId":1,"idTag":1,"meterStart":1}]'
    sealed = desk.seal(frame)
    assert sealed.count("~") == 1
    assert '"connectorId":1' in sealed
    assert desk.restore(sealed) == frame


def test_a_token_that_reads_like_the_action_leaves_the_action(desk: Desk) -> None:
    frame = '[2,"1","Authorize",{"idTag":"AUTHORIZE"}]'
    sealed = desk.seal(frame)
    assert sealed.startswith('[2,"1","Authorize",{"idTag":"~')
    assert desk.restore(sealed) == frame


def test_what_a_charger_knows_of_somebody_is_sealed_as_a_whole(desk: Desk) -> None:
    frame = (
        '[2,"1","NotifyCustomerInformation",{"data":"Ann, 04A2","seqNo":0,"generatedAt":"x","requestId":7}]'
    )
    sealed = desk.seal(frame)
    assert "Ann" not in sealed
    assert desk.restore(sealed) == frame
    assert desk.subjects.find("t", ["customer-information 7"])


def test_what_looks_sealed_already_is_sealed_once_more(desk: Desk) -> None:
    inner = desk.seal('[2,"1","Authorize",{"idTag":"04A2B9C1D2E380"}]')
    literal = inner[inner.index('"~') : -2]
    for frame in (f'[2,"1","DataTransfer",{{"data":{literal}}}]', inner):
        sealed = desk.seal(frame)
        assert literal not in sealed
        assert desk.restore(sealed) == frame


def test_a_frame_of_another_tenant_is_not_opened(desk: Desk) -> None:
    sealed = desk.seal(FRAMES["2.x"])
    assert restored(sealed, desk.subjects, "other") == sealed


def test_what_was_erased_stays_sealed_and_the_rest_comes_back() -> None:
    desk = Desk()
    frame = '[2,"1","SendLocalList",{"localAuthorizationList":[{"idTag":"ANNS-CARD"},{"idTag":"BOBS-CARD"}]}]'
    sealed = desk.seal(frame)
    ann = desk.subjects.ensure("t", ["anns-card"])["ANNS-CARD"]
    desk.subjects.destroy("t", ann.ref)
    assert desk.subjects.find_named("t", refs_of(sealed)).keys() == refs_of(sealed) - {ann.ref}
    shown = desk.restore(sealed)
    assert "ANNS-CARD" not in shown
    assert '"BOBS-CARD"' in shown
    assert f'"{ann.ref}.' in shown


def test_the_bytes_of_what_is_no_text_are_sealed_too(desk: Desk) -> None:
    data = b'[2,"1","Authorize",{"idTag":"04A2B9C1D2E380","x":"\xff"}]'
    told = desk.told(Told(recorded_at=clock.now(), frame=data.decode("utf-8", "replace"), frame_bytes=data))
    assert told.frame_bytes is not None
    assert b"04A2" not in told.frame_bytes
    assert restored_bytes(told.frame_bytes, desk.subjects, "t") == data


def test_references_sort_by_time_and_differ() -> None:
    refs = [new_ref() for _ in range(100)]
    assert len(set(refs)) == 100
    assert all(re.fullmatch("~[A-Z2-7]{26}", ref) for ref in refs)


tokens = st.text(min_size=8, max_size=20).filter(lambda text: len(text.strip()) >= 8)
spelled = st.sampled_from(["plain", "escaped", "upper", "lower"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def literal_of(token: str, how: str) -> str:
    if how == "escaped":
        return (
            '"'
            + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else json.dumps(c)[1:-1] for c in token)
            + '"'
        )
    text = {"upper": token.upper(), "lower": token.lower()}.get(how, token)
    return json.dumps(text, ensure_ascii=how != "plain")


@given(
    token=tokens,
    how=spelled,
    name=st.sampled_from(["idTag", "parentIdTag", "idToken"]),
    rest=anything,
    cut=st.integers(0, 30),
)
def test_any_frame_with_a_token_comes_back_and_tells_nothing(
    token: str, how: str, name: str, rest: object, cut: int
) -> None:
    desk = Desk()
    frame = f'[2,"1","Authorize",{{"a":{json.dumps(rest)},"{name}":{literal_of(token, how)},"b":{json.dumps(rest)}}}]'
    for one in (frame, frame[: len(frame) - cut]):
        sealed = desk.seal(one)
        assert desk.restore(sealed) == one
    whole = json.loads(desk.seal(frame))
    assert token.strip().casefold() not in json.dumps(whole[3][name], ensure_ascii=False).casefold()
    assert whole[3][name].startswith("~")


@given(frame=st.text() | st.text(alphabet='"\\{}[],:~ idTag1u0'))
def test_any_text_at_all_comes_back(frame: str) -> None:
    desk = Desk()
    assert desk.restore(desk.seal(frame)) == frame


def test_places_are_in_order_and_apart() -> None:
    frame = FRAMES["2.x"] + FRAMES["said again"]
    places = tokens_in(frame)
    assert all(one.end <= other.start for one, other in pairwise(places))
