"""Leading a charger to a higher security profile (A05): what to ask next, and what its answers mean.

1.6 (security white paper, A05): ChangeConfiguration of SecurityProfile; the charger leaves and comes back with it
(FR.05 to FR.07), and where it stays instead it is asked to restart. 2.x: SetNetworkProfile into a slot that is not
in use (B09), that slot first in NetworkConfigurationPriority (A05.FR.04), Reset when idle.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from domain.certificates.register import Entry
from domain.chargers.charger import Charger
from domain.chargers.particulars import (
    PROFILES,
    WITH_PASSWORD,
    ChargerRetired,
    PasswordNeeded,
    ProfileUnknown,
)
from domain.chargers.profile_upgrade import (
    ProfileUpgradeAdvanced,
    ProfileUpgradeBegun,
    ProfileUpgradeEnded,
    Stage,
    Upgrade,
)
from domain.chargers.provisioning import Standing
from domain.commands.certificates import GetInstalledCertificateIds
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.settings import ChangeSettings, SetNetworkProfile
from domain.commands.upkeep import Reset
from domain.desired_state.step import Note, Pause, Step
from domain.event import Fact

KEY = "SecurityProfile"
PRIORITY = "OCPPCommCtrlr.NetworkConfigurationPriority"
INTERFACE = "NetworkConfiguration[{}].OcppInterface"
ROOT = "CSMSRootCertificate"
LEAVES_WITHIN = timedelta(minutes=2)
"""A 1.6 charger that accepted leaves and comes back (A05.FR.06); one that is still there then needs a restart."""
SLOTS = 10
NO_ROOT = "it has no root certificate to know us by (A05.FR.03): install one, or say that it knows us already"
IN_VAIN = "it did not come with the higher profile in time"
RE_PINNED = "another profile was chosen"


class UpgradeNotHigher(ValueError):
    """The charger is on this security profile or a higher one already; a lower one is chosen by describing it, with a
    reason.
    """


class UpgradeUnderWay(Exception):
    """The charger is being led to a higher security profile already: cancel that first."""


class NoUpgradeUnderWay(Exception):
    """The charger is not being led to another security profile."""


class TlsNeeded(ValueError):
    """Security profiles 2 and 3 are over TLS, and nothing here speaks it: set ZEUS_TLS_CERTIFICATES, or an https
    ZEUS_PUBLIC_URL where a proxy does.
    """


class CertificateNeeded(ValueError):
    """The charger has no valid certificate of our authority to come with: have it ask for one first (TriggerMessage,
    SignChargingStationCertificate).
    """


class NeverConnected(ValueError):
    """The charger never connected: which words it understands is not known. Describe it instead."""


class NetworkProfileIncomplete(ValueError):
    """A 2.x charger takes a network profile: its slots are not known (read its settings, or name `slot` and
    `interface`), or the address for it is no wss:// URL (name `url`).
    """


UNMET = (
    ProfileUnknown,
    UpgradeNotHigher,
    PasswordNeeded,
    TlsNeeded,
    CertificateNeeded,
    NeverConnected,
    NetworkProfileIncomplete,
)
"""What a charger lacks to be asked at all."""


class WantedUpgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asks for."""

    security_profile: int
    until: datetime
    knows_us: bool = False
    """It trusts our certificate, whatever it tells: makers ship roots that are not listed."""
    slot: int | None = None
    url: str = ""
    interface: str = ""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What is there for it on our side, and what the charger told."""

    tls: bool
    """A listener of our own, or a proxy."""
    shown: Sequence[Entry] = ()
    """Certificates of our authority that the charger may show."""
    foreign: bool = False
    """Certificates of other authorities count too: whether it has one, nobody knows here."""
    settings: dict[str, str] = {}
    """As last told, by name."""


def begin(
    charger: Charger, wanted: WantedUpgrade, means: Means, upgrade_id: str, now: datetime
) -> list[Fact]:
    """Lead it to a higher profile. Raises ChargerRetired, UpgradeUnderWay, and what UNMET lists."""
    _check(charger, wanted, means, now)
    begun = ProfileUpgradeBegun(
        upgrade_id=upgrade_id,
        security_profile=wanted.security_profile,
        until=wanted.until,
        check_root=wanted.security_profile > 1 and charger.security_profile < 2 and not wanted.knows_us,
    )
    facts = [] if charger.upgrade is None else lapse(charger, now)
    return [*facts, begun if charger.protocol == "1.6" else _with_network_profile(begun, wanted, means)]


def cancel(charger: Charger, why: str, now: datetime) -> list[Fact]:
    """Give it up; the present profile alone is good. Raises NoUpgradeUnderWay."""
    upgrade = charger.upgrade
    if upgrade is None or not upgrade.under_way(now):
        raise NoUpgradeUnderWay(charger.cpid)
    return [_ended(upgrade, why)]


def lapse(charger: Charger, now: datetime) -> list[Fact]:
    """Its time is over."""
    upgrade = charger.upgrade
    if upgrade is None or upgrade.ended or upgrade.under_way(now):
        return []
    return [_ended(upgrade, IN_VAIN)]


def next_step(charger: Charger, now: datetime) -> Step:
    """What to ask the charger next, as it is connected now."""
    upgrade = charger.upgrade
    if upgrade is None or upgrade.ended:
        return None
    if not upgrade.under_way(now):
        return Note(tuple(lapse(charger, now)))
    end = Pause(upgrade.begun.until, "the time for the upgrade ends")
    if upgrade.fell_back:
        return end
    begun = upgrade.begun
    match upgrade.stage:
        case Stage.BEGUN if begun.check_root:
            return GetInstalledCertificateIds(kinds=(ROOT,))
        case Stage.BEGUN | Stage.CHECKED if not begun.slot:
            return ChangeSettings(values={KEY: str(begun.security_profile)})
        case Stage.BEGUN | Stage.CHECKED:
            return _network_profile(begun)
        case Stage.STORED:
            return ChangeSettings(values={PRIORITY: ",".join(map(str, begun.priority))})
        case Stage.ACCEPTED if charger.connection == upgrade.connection:
            return _restart(upgrade, now)
        case _:
            return end


def upgrade_heard(charger: Charger, intent: Intent, answer: Answer) -> list[Fact]:
    """The facts in an answer; of what is no step of the upgrade, none."""
    upgrade = charger.upgrade
    if upgrade is None or upgrade.ended or not _is_step(upgrade, intent):
        return []
    refused = answer.verdict is Verdict.REFUSED
    why = f"{intent.name()}: {answer.status} {answer.reason}".strip()
    match intent:
        case GetInstalledCertificateIds():
            none = not refused and answer.status == "NotFound"
            return [_ended(upgrade, NO_ROOT) if none else _advanced(upgrade, Stage.CHECKED)]
        case Reset():
            return [_advanced(upgrade, Stage.RESTART_ASKED)]
        case _ if refused:
            return [_ended(upgrade, why)]
        case SetNetworkProfile():
            return [_advanced(upgrade, Stage.STORED)]
        case _:
            # 2.x takes it up with a restart; 1.6 by itself, unless it says otherwise.
            restart = bool(upgrade.begun.slot) or answer.status == "RebootRequired"
            return [_advanced(upgrade, Stage.ACCEPTED, restart=restart)]


def upgrade_unheard(charger: Charger, intent: Intent, why: str, *, error: bool) -> list[Fact]:
    """The facts in no answer to a step that may have left, or in an `error` instead of one."""
    upgrade = charger.upgrade
    if upgrade is None or upgrade.ended or not _is_step(upgrade, intent):
        return []
    match intent:
        case GetInstalledCertificateIds():
            return [_advanced(upgrade, Stage.CHECKED)]
        case Reset():
            return [_advanced(upgrade, Stage.RESTART_ASKED)]
        case ChangeSettings() if not error:
            return [_advanced(upgrade, Stage.UNANSWERED)]
        case _:
            return [_ended(upgrade, f"{intent.name()}: {why}")]


_QUESTIONS: dict[Stage, Callable[[Upgrade, Intent], bool]] = {
    Stage.BEGUN: lambda upgrade, intent: _asks_first(upgrade, intent),
    Stage.CHECKED: lambda upgrade, intent: _asks_first(upgrade, intent),
    Stage.STORED: lambda _, intent: isinstance(intent, ChangeSettings) and PRIORITY in intent.values,
    Stage.ACCEPTED: lambda _, intent: isinstance(intent, Reset) and intent.evse_id is None,
    Stage.UNANSWERED: lambda upgrade, intent: _asks_first(upgrade, intent),
}
"""What belongs to the upgrade is told by what was asked: whoever asked it, the charger does it."""


def _is_step(upgrade: Upgrade, intent: Intent) -> bool:
    question = _QUESTIONS.get(upgrade.stage)
    return question is not None and question(upgrade, intent)


def _asks_first(upgrade: Upgrade, intent: Intent) -> bool:
    begun = upgrade.begun
    match intent:
        case GetInstalledCertificateIds(kinds=kinds):
            return upgrade.stage is Stage.BEGUN and begun.check_root and kinds == (ROOT,)
        case ChangeSettings(values=values):
            late = upgrade.stage is Stage.UNANSWERED and PRIORITY in values
            return late or values.get(KEY) == str(begun.security_profile)
        case SetNetworkProfile():
            return (intent.slot, intent.security_profile) == (begun.slot, begun.security_profile)
        case _:
            return False


def _check(charger: Charger, wanted: WantedUpgrade, means: Means, now: datetime) -> None:
    profile = wanted.security_profile
    if charger.standing is Standing.RETIRED:
        raise ChargerRetired(charger.cpid)
    if profile not in PROFILES:
        raise ProfileUnknown(str(profile))
    if profile <= charger.security_profile:
        raise UpgradeNotHigher(charger.cpid)
    if charger.upgrade is not None and charger.upgrade.under_way(now):
        raise UpgradeUnderWay(charger.cpid)
    if not charger.protocol:
        raise NeverConnected(charger.cpid)
    if profile in WITH_PASSWORD and charger.credential is None:
        raise PasswordNeeded(charger.cpid)
    if profile > 1 and not means.tls:
        raise TlsNeeded(charger.cpid)
    if profile == 3 and not means.foreign and not any(one.in_force(now) for one in means.shown):
        raise CertificateNeeded(charger.cpid)


def _with_network_profile(
    begun: ProfileUpgradeBegun, wanted: WantedUpgrade, means: Means
) -> ProfileUpgradeBegun:
    """The slots in use stay behind the new one, so that the charger can fall back."""
    told = means.settings.get(PRIORITY, "")
    present = tuple(int(part) for part in told.split(",") if part.strip().isdecimal())
    free = next((slot for slot in range(1, SLOTS) if slot not in present), 0) if present else 0
    slot = wanted.slot or free
    interface = wanted.interface
    if not interface and present:
        interface = means.settings.get(INTERFACE.format(present[0]), "")
    secure = wanted.url.startswith("wss://") or begun.security_profile < 2
    if not slot or not interface or not wanted.url or not secure:
        raise NetworkProfileIncomplete
    priority = (slot, *(other for other in present if other != slot))
    return msgspec.structs.replace(begun, slot=slot, url=wanted.url, interface=interface, priority=priority)


def _network_profile(begun: ProfileUpgradeBegun) -> SetNetworkProfile:
    return SetNetworkProfile(
        slot=begun.slot,
        url=begun.url,
        security_profile=begun.security_profile,
        interface=begun.interface,
    )


def _restart(upgrade: Upgrade, now: datetime) -> Step:
    leaves_by = upgrade.at + LEAVES_WITHIN if upgrade.at is not None else now
    if upgrade.restart or leaves_by <= now:
        return Reset()
    return Pause(leaves_by, "the charger leaves to come back with the higher profile")


def _advanced(upgrade: Upgrade, stage: Stage, *, restart: bool = False) -> ProfileUpgradeAdvanced:
    return ProfileUpgradeAdvanced(upgrade_id=upgrade.begun.upgrade_id, stage=stage, restart=restart)


def _ended(upgrade: Upgrade, why: str) -> ProfileUpgradeEnded:
    return ProfileUpgradeEnded(
        upgrade_id=upgrade.begun.upgrade_id, security_profile=upgrade.security_profile, why=why
    )
