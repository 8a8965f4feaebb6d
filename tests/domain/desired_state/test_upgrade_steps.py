"""SEC-09: a charger is led to a higher security profile; what it answers, and what it comes with, decides (A05)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.certificates.register import Entry
from domain.chargers.admission import Knock, admit
from domain.chargers.charger import Charger, ChargerNotAdmitted
from domain.chargers.credentials import Credential, digest_of
from domain.chargers.events import Connected, Disconnected, Registered, SecurityProfileChosen
from domain.chargers.particulars import ChargerRetired, PasswordNeeded, ProfileUnknown
from domain.chargers.profile_upgrade import (
    ProfileFellBack,
    ProfileUpgradeAdopted,
    ProfileUpgradeAdvanced,
    ProfileUpgradeBegun,
    ProfileUpgradeEnded,
    Stage,
)
from domain.chargers.provisioning import Retired
from domain.commands.certificates import GetInstalledCertificateIds
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.settings import ChangeSettings, SetNetworkProfile
from domain.commands.upkeep import Reset
from domain.desired_state.step import Note, Pause
from domain.desired_state.upgrade_step import (
    IN_VAIN,
    LEAVES_WITHIN,
    NO_ROOT,
    CertificateNeeded,
    Means,
    NetworkProfileIncomplete,
    NeverConnected,
    NoUpgradeUnderWay,
    TlsNeeded,
    UpgradeNotHigher,
    UpgradeUnderWay,
    WantedUpgrade,
    begin,
    cancel,
    next_step,
    upgrade_heard,
    upgrade_unheard,
)
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId

NOW = datetime(2026, 11, 26, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=24)
SALT, PASSWORD = "00" * 16, b"correcthorsebattery7"
TLS = Means(tls=True)
PROFILE_2 = ChangeSettings(values={"SecurityProfile": "2"})
ROOTS = GetInstalledCertificateIds(kinds=("CSMSRootCertificate",))
YES, REBOOT = (
    Answer(verdict=Verdict.AGREED, status="Accepted"),
    Answer(verdict=Verdict.AGREED, status="RebootRequired"),
)
NO = Answer(verdict=Verdict.REFUSED, status="Rejected", reason="NoRoot")
TOLD = {
    "OCPPCommCtrlr.NetworkConfigurationPriority": "1,3",
    "NetworkConfiguration[1].OcppInterface": "Wireless0",
}


class Box:
    """A charger, and what is said to it and of it."""

    def __init__(self, profile: int = 1, protocol: str = "1.6") -> None:
        """Registered, with a password, connected."""
        self.state = Charger(ChargerId.of("t", "CP1"))
        self.now = NOW
        self.tell(Registered(cpid="CP1", security_profile=profile))
        self.state.credential = Credential(SALT, digest_of(SALT, PASSWORD), "old")
        self.tell(connected("first", profile, protocol))

    def tell(self, *facts: Fact) -> list[Fact]:
        for event in events_of(self.state.stream, self.state.version, facts, Told(recorded_at=self.now)):
            self.state.when(event)
        return list(facts)

    def begin(self, profile: int = 2, means: Means = TLS, **wanted: Any) -> list[Fact]:
        asked = WantedUpgrade(**{"security_profile": profile, "until": UNTIL, **wanted})
        return self.tell(*begin(self.state, asked, means, "u", self.now))

    def asked(self) -> Any:
        return next_step(self.state, self.now)

    def hears(self, intent: Intent, answer: Answer) -> list[Fact]:
        return self.tell(*upgrade_heard(self.state, intent, answer))

    def silent(self, intent: Intent, *, error: bool = False) -> list[Fact]:
        return self.tell(*upgrade_unheard(self.state, intent, "no answer", error=error))

    def comes(self, profile: int, name: str = "next", *, after: timedelta = timedelta()) -> list[Fact]:
        self.now += after
        self.tell(Disconnected(connection=self.state.connection))
        return self.tell(*self.state.connected(connected(name, profile, self.state.protocol)))

    def knocks(self, *, secure: bool, password: bytes | None = PASSWORD) -> tuple[str, int]:
        knock = Knock(cpid="CP1", user=b"CP1", password=password, secure=secure, at=self.now)
        found = admit(self.state, knock)
        return found.refused, found.security_profile


def connected(name: str, profile: int, protocol: str = "1.6") -> Connected:
    return Connected(connection=name, gateway="g", protocol=protocol, security_profile=profile)


def advanced(stage: Stage, *, restart: bool = False) -> ProfileUpgradeAdvanced:
    return ProfileUpgradeAdvanced(upgrade_id="u", stage=stage, restart=restart)


def test_sec_09_a_charger_of_1_6_is_asked_leaves_and_comes_back_higher() -> None:
    box = Box()
    assert box.knocks(secure=True) == ("", 1), "before it is asked TLS changes nothing"
    box.begin()
    assert box.asked() == ROOTS
    assert box.hears(ROOTS, YES) == [advanced(Stage.CHECKED)]
    assert box.asked() == PROFILE_2
    assert box.hears(PROFILE_2, YES) == [advanced(Stage.ACCEPTED)]
    assert box.asked() == Pause(
        NOW + LEAVES_WITHIN, "the charger leaves to come back with the higher profile"
    )
    assert (box.knocks(secure=False), box.knocks(secure=True)) == (("", 1), ("", 2)), "both are let in"
    adopted = ProfileUpgradeAdopted(upgrade_id="u", security_profile=2)
    assert box.comes(2) == [adopted, connected("next", 2)]
    assert box.state.security_profile == 2
    assert (box.knocks(secure=False)[0], box.knocks(secure=True)) == ("profile_mismatch", ("", 2))
    assert box.asked() is None
    assert box.comes(2, "again") == [connected("again", 2)]


def test_sec_09_nothing_changes_where_the_charger_refuses() -> None:
    box = Box()
    box.begin(knows_us=True)
    assert box.asked() == PROFILE_2
    (ended,) = box.hears(PROFILE_2, NO)
    assert ended == ProfileUpgradeEnded(
        upgrade_id="u", security_profile=2, why="ChangeSettings: Rejected NoRoot"
    )
    assert box.asked() is None
    assert (box.state.security_profile, box.knocks(secure=True)) == (1, ("", 1))
    assert box.hears(PROFILE_2, YES) == [], "late news change nothing"
    with pytest.raises(ChargerNotAdmitted):
        box.comes(2)


def test_without_a_root_to_know_us_by_it_is_not_asked() -> None:
    box = Box()
    box.begin()
    none = Answer(verdict=Verdict.AGREED, status="NotFound")
    assert [type(fact) for fact in box.hears(ROOTS, none)] == [ProfileUpgradeEnded]
    assert box.state.upgrade is not None
    assert box.state.upgrade.ended == NO_ROOT


@pytest.mark.parametrize("error", [True, False])
def test_a_charger_that_cannot_tell_its_roots_is_asked_all_the_same(error: bool) -> None:
    box = Box()
    box.begin()
    assert box.silent(ROOTS, error=error) == [advanced(Stage.CHECKED)]
    assert box.asked() == PROFILE_2


def test_a_charger_that_already_trusts_us_over_tls_is_not_asked_for_its_roots() -> None:
    box = Box(profile=2)
    box.begin(3, Means(tls=True, foreign=True))
    assert box.asked() == ChangeSettings(values={"SecurityProfile": "3"})


def test_reboot_required_is_followed_by_a_restart_and_asked_once() -> None:
    box = Box()
    box.begin(knows_us=True)
    box.hears(PROFILE_2, REBOOT)
    assert box.asked() == Reset()
    box.hears(Reset(), YES)
    assert isinstance(box.asked(), Pause)
    assert box.comes(2)[0] == ProfileUpgradeAdopted(upgrade_id="u", security_profile=2)


def test_a_charger_that_accepts_and_stays_is_asked_to_restart() -> None:
    box = Box()
    box.begin(knows_us=True)
    box.hears(PROFILE_2, YES)
    box.now += LEAVES_WITHIN
    assert box.asked() == Reset()
    assert box.silent(Reset()) == [advanced(Stage.RESTART_ASKED)]
    assert box.asked() == Pause(UNTIL, "the time for the upgrade ends")


def test_sec_09_falling_back_is_told_once_and_stays_possible_until_the_end() -> None:
    box = Box()
    box.begin(knows_us=True)
    box.hears(PROFILE_2, YES)
    fell = ProfileFellBack(upgrade_id="u", security_profile=1, wanted=2)
    assert box.comes(1) == [fell, connected("next", 1)]
    assert box.comes(1, "third") == [connected("third", 1)]
    assert box.asked() == Pause(UNTIL, "the time for the upgrade ends"), "it is not pressed again"
    assert box.knocks(secure=True) == ("", 2)
    assert isinstance(box.comes(2, "fourth")[0], ProfileUpgradeAdopted)


def test_sec_09_after_its_time_only_the_present_profile_counts() -> None:
    box = Box()
    box.begin(knows_us=True)
    box.hears(PROFILE_2, YES)
    box.now = UNTIL
    assert box.knocks(secure=True) == ("", 1), "as a charger of profile 1 over TLS always was"
    ended = ProfileUpgradeEnded(upgrade_id="u", security_profile=2, why=IN_VAIN)
    assert box.asked() == Note((ended,))
    box.tell(ended)
    assert box.asked() is None
    assert [type(fact) for fact in box.begin(until=UNTIL + timedelta(hours=1))] == [ProfileUpgradeBegun]


def test_an_answer_that_nobody_heard_leaves_both_doors_open() -> None:
    box = Box()
    box.begin(knows_us=True)
    assert box.silent(PROFILE_2) == [advanced(Stage.UNANSWERED)]
    assert isinstance(box.asked(), Pause)
    assert box.hears(PROFILE_2, REBOOT) == [advanced(Stage.ACCEPTED, restart=True)], "a late answer tells"
    assert isinstance(box.comes(2)[0], ProfileUpgradeAdopted)


def test_an_error_instead_of_an_answer_is_a_refusal() -> None:
    box = Box()
    box.begin(knows_us=True)
    assert [type(fact) for fact in box.silent(PROFILE_2, error=True)] == [ProfileUpgradeEnded]


def test_sec_09_a_2_x_charger_gets_a_network_profile_first_in_its_list_and_a_restart() -> None:
    box = Box(protocol="2.0.1")
    box.begin(means=Means(tls=True, settings=TOLD), url="wss://csms.example/ocpp", knows_us=True)
    stored = SetNetworkProfile(
        slot=2, url="wss://csms.example/ocpp", security_profile=2, interface="Wireless0"
    )
    assert box.asked() == stored
    assert box.hears(stored, YES) == [advanced(Stage.STORED)]
    first = ChangeSettings(values={"OCPPCommCtrlr.NetworkConfigurationPriority": "2,1,3"})
    assert box.asked() == first
    assert box.hears(first, YES) == [advanced(Stage.ACCEPTED, restart=True)]
    assert box.asked() == Reset()
    box.hears(Reset(), Answer(verdict=Verdict.AGREED, status="Scheduled"))
    assert isinstance(box.comes(2)[0], ProfileUpgradeAdopted)


def test_what_others_ask_meanwhile_is_no_step() -> None:
    box = Box()
    box.begin()
    for other in (
        ChangeSettings(values={"HeartbeatInterval": "60"}),
        ChangeSettings(values={"SecurityProfile": "3"}),
        GetInstalledCertificateIds(kinds=("ManufacturerRootCertificate",)),
        SetNetworkProfile(slot=1, url="wss://x", security_profile=2),
        Reset(),
    ):
        assert box.hears(other, NO) == []
        assert box.silent(other) == []


def test_an_operator_may_cancel_and_decides_over_what_is_under_way() -> None:
    box = Box()
    with pytest.raises(NoUpgradeUnderWay):
        cancel(box.state, "no need", NOW)
    box.begin()
    with pytest.raises(UpgradeUnderWay):
        box.begin()
    box.tell(*cancel(box.state, "no need", NOW))
    assert box.knocks(secure=True) == ("", 1)
    box.begin()
    box.tell(SecurityProfileChosen(2))
    assert (box.state.upgrade, box.knocks(secure=True)) == (None, ("", 2))


def entry(days: int, *, revoked: bool = False) -> Entry:
    return Entry(
        serial="01",
        tenant="t",
        charger="CP1",
        common_name="CP1",
        issuer="CN=us",
        issued_at=NOW,
        not_after=NOW + timedelta(days=days),
        fingerprint="",
        revoked_at=NOW if revoked else None,
    )


@pytest.mark.parametrize(
    ("profile", "wanted", "means", "error"),
    [
        (2, 2, TLS, UpgradeNotHigher),
        (2, 1, TLS, UpgradeNotHigher),
        (1, 4, TLS, ProfileUnknown),
        (1, 2, Means(tls=False), TlsNeeded),
        (2, 3, TLS, CertificateNeeded),
        (2, 3, Means(tls=True, shown=[entry(-1), entry(9, revoked=True)]), CertificateNeeded),
    ],
)
def test_what_is_lacking_is_named(profile: int, wanted: int, means: Means, error: type[Exception]) -> None:
    with pytest.raises(error):
        Box(profile).begin(wanted, means)
    Box(2).begin(3, Means(tls=True, shown=[entry(9)]))


def test_who_cannot_be_asked_is_named() -> None:
    box = Box(0)
    box.state.credential = None
    with pytest.raises(PasswordNeeded):
        box.begin(1)
    box = Box()
    box.state.protocol = ""
    with pytest.raises(NeverConnected):
        box.begin()
    box.tell(Retired())
    with pytest.raises(ChargerRetired):
        box.begin()


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, {"url": "wss://a/ocpp"}),
        (TOLD, {"url": "ws://a/ocpp"}),
        (TOLD, {}),
        ({}, {"url": "wss://a/ocpp", "slot": 2}),
    ],
)
def test_a_network_profile_is_whole_or_not_sent(settings: dict[str, str], wanted: dict[str, Any]) -> None:
    with pytest.raises(NetworkProfileIncomplete):
        Box(protocol="2.1").begin(means=Means(tls=True, settings=settings), **wanted)
    Box(protocol="2.1").begin(url="wss://a/ocpp", slot=2, interface="Any")


def test_from_the_open_profile_a_password_adopts_and_its_absence_does_not() -> None:
    box = Box(0)
    box.state.networks = ("0.0.0.0/0",)
    box.begin(1)
    assert box.asked() == ChangeSettings(values={"SecurityProfile": "1"})
    knock = Knock(cpid="CP1", remote="10.0.0.1", at=NOW)
    assert admit(box.state, knock).security_profile == 0
    wrong = Knock(cpid="CP1", user=b"CP1", password=b"x", remote="10.0.0.1", at=NOW)
    assert admit(box.state, wrong).security_profile == 0, "a password it always sent locks it out no more"
    assert box.knocks(secure=False) == ("", 1)


def test_sec_09_a_wrong_password_opens_neither_profile() -> None:
    box = Box()
    box.begin()
    for secure in (True, False):
        assert box.knocks(secure=secure, password=b"guess")[0] == "auth_password"
