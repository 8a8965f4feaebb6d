"""Event → messages, for every fact there is: told, or deliberately not; one table, from which the documents read."""

from collections.abc import Mapping
from typing import Any

from domain.artefacts import events as artefact
from domain.audit import events as audit
from domain.catalogue import FACTS
from domain.certificates import events as certificate
from domain.chargers import der, device_model, drivers, ev, monitoring, security, smart_charging
from domain.chargers import events as charger
from domain.chargers import profile_upgrade as upgrade
from domain.chargers import provisioning as particulars
from domain.charging_profiles import events as profile
from domain.commands import events as command
from domain.desired_state import events as desired
from domain.desired_state import local_list_events as local_list
from domain.desired_state import template_events as template
from domain.event import Event, Fact
from domain.id_tokens import events as id_token
from domain.mirrors import events as mirror
from domain.privacy import events as privacy
from domain.provisioning import events as provisioning
from domain.repairs import events as repair
from domain.reservations import events as reservation
from domain.safeguards import events as safeguard
from domain.signed_values import events as signed
from domain.tenants import events as tenant
from domain.tenants.roles import Right
from domain.transactions import events as transaction
from domain.uptime import events as uptime
from domain.webhooks import events as webhook
from projections.live import chargers, commands, sessions, wishes
from projections.live.message import Message, Teller, present
from projections.streams import session_id, subject_of

TELLERS: Mapping[type[Fact], Teller] = {**chargers.TOLD, **sessions.TOLD, **commands.TOLD, **wishes.TOLD}
"""The facts that are told."""

_CREDENTIAL = "about a password: of concern to those who look at the charger, not to the world"
_BOOKKEEPING = "our own bookkeeping; what it leads to is told"
_WISH = "somebody's wish, told once the charger has answered"
_ON_THE_WIRE = "what the charger said stands in its frame, which is told as `ocpp.message`"
_ADMINISTRATION = "administration: shown by the API to those who administer"
_PERSONAL = "about people: shown by the API to those who may see it"
_OF_THE_HOUSE = "of the installation as a whole, not of a tenant's chargers"

PEOPLE: tuple[type[Fact], ...] = tuple(
    fact for fact in FACTS if fact.TOPIC.startswith(("user.", "login.", "admins.", "oidc."))
)
"""Facts of people and how they sign in."""

SILENT: Mapping[type[Fact], str] = {
    charger.CredentialIssued: _CREDENTIAL,
    particulars.NetworksAllowed: _ADMINISTRATION,
    particulars.CredentialOffered: _CREDENTIAL,
    particulars.CredentialAdopted: _CREDENTIAL,
    particulars.CredentialWithdrawn: _CREDENTIAL,
    charger.GuidanceBegun: _BOOKKEEPING,
    upgrade.ProfileUpgradeBegun: _WISH,
    upgrade.ProfileUpgradeAdvanced: _BOOKKEEPING,
    upgrade.ProfileUpgradeAdopted: "told with `charger.connected`, which names its profile",
    upgrade.ProfileUpgradeEnded: "told as `alarm.raised`",
    upgrade.ProfileFellBack: "told as `alarm.raised`",
    charger.HeartbeatReceived: _ON_THE_WIRE,
    charger.ClockSkewMeasured: _BOOKKEEPING,
    charger.TransactionOpened: _BOOKKEEPING,
    charger.TransactionClosed: _BOOKKEEPING,
    charger.DataTransferred: _ON_THE_WIRE,
    charger.FrameRejected: _ON_THE_WIRE,
    charger.FramesSuppressed: _BOOKKEEPING,
    charger.MessageRepeated: _ON_THE_WIRE,
    charger.MessageWithheld: _ON_THE_WIRE,
    charger.AnswerUnexpected: _ON_THE_WIRE,
    charger.FrameIgnored: _ON_THE_WIRE,
    security.SignatureRequested: _ON_THE_WIRE,
    security.ContractRequested: _ON_THE_WIRE,
    security.RevocationAsked: _ON_THE_WIRE,
    certificate.Issued: "certificates of all tenants stand in one book of the installation",
    certificate.Revoked: "certificates of all tenants stand in one book of the installation",
    device_model.VariablesReported: "told as `config.changed` once the settings have taken it in",
    device_model.MonitorsReported: _ON_THE_WIRE,
    monitoring.StreamOpened: _ON_THE_WIRE,
    monitoring.StreamClosed: _ON_THE_WIRE,
    monitoring.StreamValuesReceived: _ON_THE_WIRE,
    smart_charging.ProfilesReported: _ON_THE_WIRE,
    smart_charging.ScheduleUpdateAsked: _ON_THE_WIRE,
    smart_charging.PriorityChargingSwitched: _ON_THE_WIRE,
    ev.ChargingNeedsNotified: _ON_THE_WIRE,
    ev.ChargingScheduleNotified: _ON_THE_WIRE,
    der.DerAlarmReported: _ON_THE_WIRE,
    der.DerControlSwitched: _ON_THE_WIRE,
    der.DerControlsReported: _ON_THE_WIRE,
    drivers.ReservationEnded: "told as `reservation.expired` or `reservation.lost` by our book",
    drivers.DisplayMessagesReported: _ON_THE_WIRE,
    drivers.CustomerInformationReported: _ON_THE_WIRE,
    drivers.SettlementReported: _ON_THE_WIRE,
    drivers.VatNumberPresented: _ON_THE_WIRE,
    drivers.BatterySwapped: _ON_THE_WIRE,
    transaction.Noted: "brought neither readings nor a new state",
    transaction.NumberClaimed: _BOOKKEEPING,
    id_token.Issued: _ADMINISTRATION,
    id_token.Blocked: _ADMINISTRATION,
    id_token.Unblocked: _ADMINISTRATION,
    id_token.TakenUp: _BOOKKEEPING,
    id_token.GivenBack: _BOOKKEEPING,
    command.NumberGiven: _BOOKKEEPING,
    command.AnsweredLate: "changes nothing; the command has its end",
    artefact.Released: _BOOKKEEPING,
    artefact.Fetched: _BOOKKEEPING,
    artefact.Withdrawn: _ADMINISTRATION,
    reservation.Requested: _WISH,
    reservation.OutcomeUnknown: "told as `command.unknown`",
    reservation.CancellationRequested: _WISH,
    reservation.CancellationFailed: "told as the end of its command; the reservation stands",
    reservation.Mismatched: _BOOKKEEPING,
    desired.SettingsDesired: _WISH,
    desired.SettingsUndesired: _WISH,
    desired.TemplateChosen: _WISH,
    desired.TemplateApplied: _WISH,
    desired.BootNoticed: _BOOKKEEPING,
    desired.SettingNarrowed: _BOOKKEEPING,
    desired.QuestionUnanswered: _BOOKKEEPING,
    desired.RestartAnswered: _BOOKKEEPING,
    desired.WriteBudgetExhausted: _BOOKKEEPING,
    desired.AvailabilityDesired: _WISH,
    desired.AvailabilityAnswered: "told as `connector.status_changed` once it is so",
    template.TemplateDefined: _ADMINISTRATION,
    template.TemplateWithdrawn: _ADMINISTRATION,
    local_list.ListDesired: _WISH,
    local_list.ListReported: _BOOKKEEPING,
    local_list.ListUnanswered: _BOOKKEEPING,
    local_list.ListDoubted: _BOOKKEEPING,
    profile.Wanted: _WISH,
    profile.Withdrawn: _WISH,
    profile.ClearingRefused: _BOOKKEEPING,
    provisioning.WindowOpened: _ADMINISTRATION,
    provisioning.WindowClosed: _ADMINISTRATION,
    provisioning.ChargerLetIn: "stored together with the registration, which is told",
    provisioning.InstallCardShown: _CREDENTIAL,
    tenant.Founded: _ADMINISTRATION,
    tenant.Suspended: "ends the streams of the tenant",
    tenant.Resumed: _ADMINISTRATION,
    tenant.TokenIssued: _ADMINISTRATION,
    tenant.TokenRevoked: "ends the streams of the token",
    tenant.TokenSeen: _BOOKKEEPING,
    webhook.WebhookDefined: _ADMINISTRATION,
    webhook.WebhookSecretRotated: _ADMINISTRATION,
    webhook.WebhookPaused: _ADMINISTRATION,
    webhook.WebhookResumed: _ADMINISTRATION,
    webhook.WebhookDisabled: _ADMINISTRATION,
    webhook.WebhookRemoved: _ADMINISTRATION,
    mirror.MirrorBegun: _ADMINISTRATION,
    mirror.MirrorEnded: _ADMINISTRATION,
    mirror.MirrorForgotten: _ADMINISTRATION,
    privacy.SubjectErased: _PERSONAL,
    privacy.PersonalDataRead: _PERSONAL,
    repair.RepairBegun: "told session by session, as each is corrected",
    safeguard.AddressHeld: "told as the alarm that it raises",
    safeguard.MassCommandsRefused: "told as the alarm that it raises",
    signed.MeterKeyRegistered: _ADMINISTRATION,
    signed.MeterKeyWithdrawn: _ADMINISTRATION,
    signed.MeterKeyMissed: _BOOKKEEPING,
    signed.SignedValuesJudged: "stands with the session; what is wrong is told as the alarm that it raises",
    audit.KeyAdopted: _OF_THE_HOUSE,
    audit.KeyRetired: _OF_THE_HOUSE,
    audit.CheckpointPublished: _OF_THE_HOUSE,
    audit.BundleExported: _ADMINISTRATION,
    uptime.ExclusionDeclared: _ADMINISTRATION,
    uptime.ExclusionWithdrawn: _ADMINISTRATION,
    uptime.PortRated: _ADMINISTRATION,
    tenant.AllTenantsEntered: _OF_THE_HOUSE,
    **dict.fromkeys(PEOPLE, _PERSONAL),
}
"""The facts of which nothing is told but their frame, and why."""

OCPP_MESSAGE = "ocpp.message"


def messages_of(event: Event[Any], *, frames: bool = True) -> list[Message]:
    """What is told of an event, always the same and in the same order; its frame, if that is wanted, last."""
    tell = TELLERS.get(type(event.fact))
    told = list(tell(event.fact, event)) if tell is not None else []
    if frames and event.told.frame is not None:
        told.append(_wire(event))
    return told


def _wire(event: Event[Any]) -> Message:
    """The frame as it stands in the log, for those who may send raw ones."""
    told, stream = event.told, event.originator_id
    _, charger = subject_of(stream)
    return Message(
        type=OCPP_MESSAGE,
        charger=charger or getattr(event.fact, "charger", ""),
        session=session_id(stream) if stream.startswith("transaction/") else None,
        data=present(
            event=event.fact.TOPIC,
            direction="in" if told.actor == "charger" else "out",
            frame=told.frame,
            reply=told.reply,
            connection=told.connection,
            repairs=told.repairs or None,
        ),
        right=Right.ENGINEER,
    )
