"""Given commands and what chargers tell, which effect is seen of which command; read again, the same is said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chargers import events as charger
from domain.chargers.device_model import VariablesReported
from domain.chargers.firmware import FirmwareStatusReported, LogUploadReported
from domain.commands import events as command
from domain.commands.drivers import ReserveNow
from domain.commands.effects import ABANDONED, EVERYTHING, NUMBERS, EffectWatch
from domain.commands.expectations import EXPECTATIONS, LOG_S, LONG_S, RESET_S, SHOWN_BY, WINDOW_S
from domain.commands.files import GetLog, UpdateFirmware
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.intents import INTENTS
from domain.commands.settings import ReadSettings
from domain.commands.transactions import RemoteStart, RemoteStop, UnlockConnector
from domain.commands.upkeep import ChangeAvailability, ClearCache, Reset, TriggerMessage
from domain.event import Event, Fact, Recorded, Told
from domain.identity import IdToken
from domain.transactions import events as transaction

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BOX, OTHER = "charger/acme/BOX", "charger/acme/OTHER"
TX = "transaction/acme/BOX/"
OLD_TX = f"{TX}20260301T110000-0123456789"
ANN, BOB = IdToken("Ann"), IdToken("Bob")
AGREED = Answer(verdict=Verdict.AGREED, status="Accepted")


class Log:
    """A log and a watch that hears it, a second an event."""

    def __init__(self) -> None:
        self.now = NOON
        self.items: list[Recorded[Fact]] = []
        self.watch = EffectWatch()
        self.said: list[tuple[str, Fact]] = []

    def tell(self, stream: str, fact: Fact, after_s: float = 1) -> list[Fact]:
        self.now += timedelta(seconds=after_s)
        n = len(self.items) + 1
        event = Event(originator_id=stream, originator_version=n, fact=fact, told=Told(recorded_at=self.now))
        self.items.append(Recorded(n, event))
        assert fact.TOPIC in EVERYTHING
        said = self.watch.hear(self.items[-1])
        self.said += said
        return [one for _, one in said]

    def ask(self, intent: Intent, name: str = "1", *, to: str = "BOX") -> None:
        wish = command.Requested(
            charger=to,
            intent=intent,
            send_before=self.now + timedelta(seconds=30),
            answer_within_s=30,  # type: ignore[arg-type]
        )
        self.tell(f"command/acme/{name}", wish)
        sent = command.Sent(
            charger=to, action="A", message_id="m", connection="c", gateway="g", answer_before=self.now
        )
        self.tell(f"command/acme/{name}", sent)

    def settle(self, fact: Fact | Answer = AGREED, name: str = "1") -> list[Fact]:
        if isinstance(fact, Answer):
            fact = command.Answered(charger="BOX", answer=fact, latency_ms=5)
        return self.tell(f"command/acme/{name}", fact)

    def agreed(self, intent: Intent, name: str = "1") -> "Log":
        self.ask(intent, name)
        self.settle(name=name)
        return self

    def overdue(self, after_s: float) -> list[Fact]:
        self.now += timedelta(seconds=after_s)
        return [fact for _, fact in self.watch.overdue(self.now)]


def started(id_token: IdToken | None = ANN, **more: Any) -> transaction.Started:
    return transaction.Started(**({"evse_id": 1, "connector_id": 1, "at": NOON, "id_token": id_token} | more))


def ended(reason: str = "") -> transaction.Ended:
    return transaction.Ended(evse_id=1, connector_id=1, at=NOON, reason=reason)


def status(word: str, evse_id: int = 1, connector_id: int = 1) -> charger.StatusReported:
    return charger.StatusReported(evse_id=evse_id, connector_id=connector_id, status=word)


def booted(**more: Any) -> charger.Booted:
    known = {"vendor": "V", "model": "M", "answered": charger.Acceptance.ACCEPTED, "interval_s": 300}
    return charger.Booted(**(known | more))


CONNECTED = charger.Connected(connection="c2", gateway="g", protocol="1.6", security_profile=1)
FIRMWARE = UpdateFirmware(location="https://x", retrieve_at=NOON, request_id=5)
START = RemoteStart(id_token=ANN, evse_id=1, request_id=9)
METERED = transaction.Metered(evse_id=1, connector_id=1, samples=(), register_wh=Decimal(1))

SEEN: list[tuple[Intent, str, Fact, str]] = [
    (START, f"{TX}a", started(BOB, evse_id=2, remote_start_id=9), "the transaction started"),
    (START, f"{TX}a", started(IdToken("ANN")), "the transaction started"),
    (
        START,
        f"{TX}a",
        transaction.TokenShown(id_token=ANN, verdict="Accepted", at=NOON),
        "the driver was let into a transaction",
    ),
    (RemoteStop(transaction="a/b"), f"{TX}a%2Fb", ended(), "the transaction ended"),
    (RemoteStop(transaction="ab"), f"{TX}ab~2", ended(), "the transaction ended"),
    (RemoteStop(transaction="77"), OLD_TX, ended("Remote"), "the transaction ended"),
    (Reset(), BOX, booted(), "the charger booted"),
    (Reset(), BOX, CONNECTED, "the charger connected again"),
    (ChangeAvailability(operative=False, evse_id=1), BOX, status("Unavailable"), "EVSE 1 is Unavailable"),
    (ChangeAvailability(operative=True, evse_id=1), BOX, status("Occupied"), "EVSE 1 is Occupied"),
    (ChangeAvailability(operative=False), BOX, status("Unavailable", 2), "EVSE 2 is Unavailable"),
    (ChangeAvailability(operative=False), BOX, status("Unavailable", 0, 0), "the charger is Unavailable"),
    (TriggerMessage(message="Heartbeat"), BOX, charger.HeartbeatReceived(), "the Heartbeat came"),
    (TriggerMessage(message="MeterValues", evse_id=1), f"{TX}a", METERED, "the MeterValues came"),
    (FIRMWARE, BOX, FirmwareStatusReported(status="Installed", request_id=5), "Installed"),
    (FIRMWARE, BOX, FirmwareStatusReported(status="Installed"), "Installed"),
    (GetLog(location="x", request_id=5), BOX, LogUploadReported(status="Uploaded", request_id=5), "Uploaded"),
    (
        ReserveNow(reservation_id=1, id_token=ANN, expires_at=NOON, evse_id=1),
        BOX,
        status("Reserved"),
        "EVSE 1 is Reserved",
    ),
    (ReadSettings(request_id=5), BOX, VariablesReported(request_id=5, seq_no=1), "the report is complete"),
]


@pytest.mark.parametrize(("intent", "stream", "fact", "words"), SEEN)
def test_what_is_seen_of_it(intent: Intent, stream: str, fact: Fact, words: str) -> None:
    log = Log().agreed(intent)
    assert log.watch.low_water(3) == 0
    seen = log.tell(stream, fact, 4)
    assert seen == [command.EffectObserved(charger="BOX", effect=words, event=f"{stream}@4", after_s=4.0)]
    assert log.tell(stream, fact) == []
    assert log.overdue(10**6) == []
    assert log.watch.low_water(5) == 5


@pytest.mark.parametrize(
    ("intent", "stream", "fact"),
    [
        (START, f"{TX}a", started(remote_start_id=8)),
        (START, f"{TX}a", started(evse_id=2)),
        (START, f"{TX}a", started(BOB)),
        (START, f"{TX}a", started(None)),
        (START, "transaction/acme/OTHER/a", started(remote_start_id=9)),
        (START, "transaction/other/BOX/a", started(remote_start_id=9)),
        (RemoteStop(transaction="a"), f"{TX}b", ended("Remote")),
        (RemoteStop(transaction="77"), OLD_TX, ended("Local")),
        (Reset(), BOX, booted(repeated=True)),
        (Reset(), OTHER, booted()),
        (ChangeAvailability(operative=False, evse_id=1), BOX, status("Unavailable", 2)),
        (ChangeAvailability(operative=False, evse_id=1, connector_id=2), BOX, status("Unavailable")),
        (ChangeAvailability(operative=False, evse_id=1), BOX, status("Available")),
        (ChangeAvailability(operative=True), BOX, status("Unavailable")),
        (TriggerMessage(message="MeterValues", evse_id=2), f"{TX}a", METERED),
        (FIRMWARE, BOX, FirmwareStatusReported(status="Installed", request_id=6)),
        (FIRMWARE, BOX, FirmwareStatusReported(status="Idle")),
        (ReadSettings(request_id=5), BOX, VariablesReported(request_id=5, seq_no=0, more=True)),
        (ReadSettings(request_id=5), BOX, VariablesReported(request_id=6, seq_no=0)),
    ],
)
def test_what_is_no_sign_of_it(intent: Intent, stream: str, fact: Fact) -> None:
    log = Log().agreed(intent)
    assert log.tell(stream, fact) == []
    assert log.watch.low_water(4) == 0


@pytest.mark.parametrize(
    "intent",
    [
        UnlockConnector(evse_id=1),
        ClearCache(),
        Reset(evse_id=1),
        ReadSettings(names=("A",)),
        ReserveNow(reservation_id=1, id_token=ANN, expires_at=NOON),
        TriggerMessage(message="CustomTrigger", custom="x"),
    ],
)
def test_the_answer_is_all_there_is(intent: Intent) -> None:
    log = Log().agreed(intent)
    assert log.watch.low_water(3) == 3
    assert log.overdue(10**6) == []


def test_a_version_that_tells_all_in_its_answer_is_not_waited_for() -> None:
    log = Log()
    log.ask(ReadSettings(request_id=5))
    assert log.settle(Answer(verdict=Verdict.AGREED, result={"settings": {}})) == []
    assert log.watch.low_water(3) == 3


def test_steps_then_the_end_or_the_failure() -> None:
    log = Log().agreed(FIRMWARE, "1")
    steps = ("Downloading", "Downloading", "Downloaded", "Idle", "Installing")
    said = [fact for step in steps for fact in log.tell(BOX, FirmwareStatusReported(status=step))]
    assert [fact.step for fact in said] == ["Downloading", "Downloaded", "Installing"]  # type: ignore[attr-defined]
    failed = log.tell(BOX, FirmwareStatusReported(status="InstallationFailed"))
    assert failed == [command.EffectFailed(charger="BOX", effect="InstallationFailed", event=f"{BOX}@9")]


@pytest.mark.parametrize("word", ["InvalidSignature", "DownloadFailed", "RevokedCertificate"])
def test_failures_of_firmware(word: str) -> None:
    (fact,) = Log().agreed(FIRMWARE).tell(BOX, FirmwareStatusReported(status=word))
    assert isinstance(fact, command.EffectFailed)


@pytest.mark.parametrize(
    ("intent", "window_s"),
    [(START, WINDOW_S), (Reset(), RESET_S), (FIRMWARE, LONG_S), (GetLog(location="x"), LOG_S)],
)
def test_accepted_but_nothing_followed(intent: Intent, window_s: int) -> None:
    log = Log().agreed(intent)
    assert log.overdue(window_s) == []
    (fact,) = log.overdue(1)
    assert isinstance(fact, command.EffectMissing)
    assert (fact.charger, fact.within_s, bool(fact.expected)) == ("BOX", window_s, True)
    assert log.overdue(1) == []


def test_too_late_is_no_effect_even_before_anybody_looked() -> None:
    log = Log().agreed(START)
    assert log.tell(f"{TX}a", started(), WINDOW_S + 1) == []
    assert len(log.overdue(0)) == 1


def test_what_is_scheduled_is_waited_for_longer_and_what_is_for_later_from_then_on() -> None:
    log = Log()
    log.ask(ChangeAvailability(operative=False))
    log.settle(Answer(verdict=Verdict.AGREED, status="Scheduled"))
    assert log.overdue(LONG_S) == []
    assert len(log.overdue(1)) == 1
    tomorrow = UpdateFirmware(location="x", retrieve_at=NOON, install_at=NOON + timedelta(days=1))
    later = Log().agreed(tomorrow)
    assert later.overdue(24 * 3600 + LONG_S - 3) == []
    assert len(later.overdue(1)) == 1


def test_an_effect_before_the_answer_counts_if_the_charger_agrees() -> None:
    for answer, counted in ((AGREED, 1), (Answer(verdict=Verdict.REFUSED), 0)):
        log = Log()
        log.ask(START)
        assert log.tell(f"{TX}a", started()) == log.tell(f"{TX}b", started()) == []
        said = log.settle(answer)
        assert len(said) == counted
        if said:
            assert said == [
                command.EffectObserved(
                    charger="BOX", effect="the transaction started", event=f"{TX}a@3", after_s=0.0
                )
            ]
        assert log.watch.low_water(9) == 9


def test_without_an_answer_the_effect_is_still_looked_for_but_not_missed() -> None:
    silence = command.TimedOut(charger="BOX", after_s=30)
    seen = Log()
    seen.ask(START)
    seen.settle(silence)
    (fact,) = seen.tell(f"{TX}a", started())
    assert isinstance(fact, command.EffectObserved)
    assert fact.after_s == 2
    unseen = Log()
    unseen.ask(START)
    unseen.settle(silence)
    assert unseen.overdue(WINDOW_S + 1) == []
    assert unseen.watch.low_water(9) == 9
    late = Log()
    late.ask(START)
    late.settle(silence)
    late.settle(command.AnsweredLate(charger="BOX", answer=AGREED))
    assert len(late.overdue(WINDOW_S + 1)) == 1


@pytest.mark.parametrize(
    "end",
    [
        command.Failed(charger="BOX", code="NotSupported"),
        command.Cancelled(charger="BOX", why="offline"),
        command.AnsweredLate(charger="BOX", code="InternalError"),
        command.EffectMissing(charger="BOX", expected="x", within_s=1),
        command.EffectObserved(charger="BOX", effect="x", event="x", after_s=1),
    ],
)
def test_what_will_have_no_effect_is_forgotten(end: Fact) -> None:
    log = Log()
    log.ask(START)
    log.settle(end)
    assert log.watch.low_water(9) == 9
    assert log.tell(f"{TX}a", started()) == []


def test_what_nobody_settles_is_forgotten() -> None:
    log = Log()
    log.ask(START)
    assert log.overdue(ABANDONED.total_seconds()) == []
    assert log.watch.low_water(9) == 0
    assert log.overdue(100) == []
    assert log.watch.low_water(9) == 9


def test_nothing_is_an_effect_of_what_was_not_sent() -> None:
    log = Log()
    wish = command.Requested(charger="BOX", intent=START, send_before=NOON, answer_within_s=30)
    log.tell("command/acme/1", wish)
    assert log.tell(f"{TX}a", started()) == []
    log.settle()
    assert len(log.overdue(WINDOW_S + 1)) == 1


def test_the_number_of_a_1_6_transaction_is_known_while_it_runs() -> None:
    log = Log()
    for number, stream in ((77, OLD_TX), (78, f"{TX}20260301T110000-abcdefabcd")):
        log.tell(
            BOX,
            charger.TransactionOpened(
                transaction=stream, evse_id=1, connector_id=1, started_at=NOON, number=number
            ),
        )
    log.agreed(RemoteStop(transaction="77"))
    assert log.tell(f"{TX}20260301T110000-abcdefabcd", ended("Remote")) == []
    assert len(log.tell(OLD_TX, ended("Local"))) == 1
    log.tell(BOX, charger.TransactionClosed(OLD_TX))
    for number in range(NUMBERS + 10):
        opened = charger.TransactionOpened(
            transaction=f"{TX}{number}", evse_id=1, connector_id=1, started_at=NOON, number=number + 1
        )
        log.watch.hear(
            Recorded(
                99, Event(originator_id=BOX, originator_version=1, fact=opened, told=Told(recorded_at=NOON))
            )
        )
    assert len(log.watch._numbers) == NUMBERS


def test_every_expectation_is_of_an_intent_and_every_sign_is_listened_for() -> None:
    assert set(EXPECTATIONS) <= set(INTENTS)
    assert {type(fact) for _, _, fact, _ in SEEN} <= set(SHOWN_BY)


INTENT = st.sampled_from([intent for intent, *_ in SEEN] + [UnlockConnector(evse_id=1)])
STEP = st.one_of(
    st.tuples(st.just("ask"), INTENT, st.sampled_from(["BOX", "OTHER"])),
    st.tuples(
        st.just("settle"),
        st.sampled_from(
            [
                AGREED,
                Answer(verdict=Verdict.REFUSED),
                command.TimedOut(charger="BOX", after_s=30),
                command.AnsweredLate(charger="BOX", answer=AGREED),
            ]
        ),
        st.integers(1, 5),
    ),
    st.sampled_from([("tell", stream, fact) for _, stream, fact, _ in SEEN]),
    st.tuples(
        st.just("tell"),
        st.just(BOX),
        st.builds(FirmwareStatusReported, status=st.sampled_from(["Downloading", "DownloadFailed"])),
    ),
    st.tuples(st.just("wait"), st.sampled_from([1, 50, 700, LONG_S]), st.none()),
)


Act = Recorded[Fact] | datetime
"""An event that is heard, or a look at the clock."""


def acts_of(story: list[tuple[str, Any, Any]]) -> list[Act]:
    """The story as a log, with the moments at which somebody asks what is overdue."""
    log = Log()
    acts: list[Act] = []
    names: list[str] = []
    for kind, one, two in story:
        before = len(log.items)
        if kind == "ask":
            names.append(f"{len(names)}")
            log.ask(one, names[-1], to=two)
        elif kind == "settle" and names:
            log.settle(one, names[two % len(names)])
        elif kind == "tell":
            log.tell(one, two)
        elif kind == "wait":
            log.now += timedelta(seconds=one)
            acts.append(log.now)
        acts += log.items[before:]
    return acts


def play(watch: EffectWatch, act: Act) -> list[tuple[str, Fact]]:
    return list(watch.overdue(act) if isinstance(act, datetime) else watch.hear(act))


def moment(act: Act) -> datetime:
    return act if isinstance(act, datetime) else act.event.told.recorded_at


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=40), st.data())
def test_a_successor_from_low_water_says_the_same_and_no_end_is_said_twice(
    story: list[tuple[str, Any, Any]], data: st.DataObject
) -> None:
    acts = acts_of([("ask", START, "BOX"), *story])
    cut = data.draw(st.integers(1, len(acts)))
    first = EffectWatch()
    said = [one for act in acts[:cut] for one in play(first, act)]
    heard = [act for act in acts[:cut] if not isinstance(act, datetime)]
    low = first.low_water(heard[-1].position)
    rest = [play(first, act) for act in acts[cut:]]

    ends = [stream for stream, fact in sum(rest, said) if not isinstance(fact, command.Progressed)]
    assert len(ends) == len(set(ends))

    successor = EffectWatch()
    for act in heard:
        if act.position > low:
            successor.hear(act)
    successor.overdue(moment(acts[cut - 1]))
    assert [play(successor, act) for act in acts[cut:]] == rest
