"""Facts about a charger's settings and availability: wanted, told, asked for, given up.

They stand on `settings/<tenant>/<CPID>`. 1.6 configuration keys and 2.x variables
(`Component[.instance].Variable[.instance]`) are both settings; names are compared without case.
"""

from datetime import datetime

import msgspec

from domain.event import Fact


class WantedSetting(msgspec.Struct, frozen=True):
    """A value that a setting should have. Never a secret: those are not kept (A01.FR.06)."""

    name: str
    value: str


class HeldSetting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that a setting has, as the charger told."""

    name: str
    value: str | None = None
    """None where the charger gave none, and for every secret."""
    readonly: bool = False
    secret: bool = False
    """The name says that it holds a secret; only that it exists is kept."""


class SettingsDesired(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants these values; wanted again, a value that was given up is tried again."""

    TOPIC = "setting.desired"
    settings: tuple[WantedSetting, ...]
    restart_if_required: bool = False
    """The charger may be restarted where it says that a value needs it."""


class SettingsUndesired(Fact, frozen=True):
    """Nobody wants these settings to have a certain value any more; the charger keeps what it has."""

    TOPIC = "setting.undesired"
    names: tuple[str, ...]


class TemplateChosen(Fact, frozen=True):
    """Which template the charger follows: `auto`, a name, or none (empty), which also is how it begins."""

    TOPIC = "template.chosen"
    template: str


class TemplateApplied(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A template fits the charger: its values are wanted in place of a former one's, below those of the operator.

    What was given up of them is tried again.
    """

    TOPIC = "template.applied"
    template: str
    settings: tuple[WantedSetting, ...]
    restart_if_required: bool = False


class BootNoticed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger booted, and that matters here: another firmware, or something waits for a restart."""

    TOPIC = "settings.boot_noticed"
    vendor: str
    model: str
    firmware: str = ""
    protocol: str = ""
    changed: bool = False
    """Another make, firmware or protocol than before: what was read and given up counts no more."""


class SettingsReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger told its settings; values that are as told before are left out."""

    TOPIC = "settings.reported"
    settings: tuple[HeldSetting, ...] = ()
    asked: tuple[str, ...] = ()
    """The names that were asked for; empty: all."""
    unknown: tuple[str, ...] = ()
    """Names the charger does not know: not supported, which is no error."""
    gone: tuple[str, ...] = ()
    """Names it told before and no longer tells."""
    complete: bool = False
    """A reading of everything."""


class SettingAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger answered a write."""

    TOPIC = "setting.answered"
    name: str
    value: str
    status: str
    """`Accepted`, `RebootRequired`, `Rejected`, `NotSupported` …"""


class SettingGivenUp(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The value cannot be had; not tried again until the wish or the firmware changes."""

    TOPIC = "setting.given_up"
    name: str
    value: str
    reason: str


class SettingNarrowed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Of a list of measurands the charger takes only a part, which is what is wanted from now on."""

    TOPIC = "setting.narrowed"
    name: str
    value: str
    """The part it takes."""
    refused: tuple[str, ...]


class QuestionUnanswered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A question that may have left led to nothing: time-out, connection lost, an error. No refusal: asked again."""

    TOPIC = "settings.question_unanswered"
    intent: str
    """`ReadSettings`, `ChangeSettings` or `ChangeAvailability`."""
    about: str = ""
    """The name of the setting, or `evse/connector`."""
    why: str = ""
    error: bool = False
    """The charger answered with an error (CALLERROR): it is there, and could not."""


class RestartAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The restart that settings wait for was asked for: once, since a Reset is never repeated by itself."""

    TOPIC = "settings.restart_answered"
    agreed: bool
    reason: str = ""


class WriteBudgetExhausted(Fact, frozen=True):
    """As many writes in a day as the charger's flash is to bear; the next may be made at `until`."""

    TOPIC = "write_budget.exhausted"
    until: datetime


class AvailabilityDesired(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants the charger, an EVSE or a connector to serve drivers, or not to."""

    TOPIC = "availability.desired"
    operative: bool
    evse_id: int = 0
    """0: the charger as a whole."""
    connector_id: int = 0
    """0: all of the EVSE."""
    reason: str = ""


class AvailabilityAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger answered to the wish."""

    TOPIC = "availability.answered"
    operative: bool
    evse_id: int = 0
    connector_id: int = 0
    status: str
    """`Accepted`, `Scheduled` (after the running transaction), `Rejected`, or the code of its error."""
    agreed: bool = True
