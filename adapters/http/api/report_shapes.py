"""What reports look like on the wire: figures, what they are as of, and where each opens."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from adapters.http.api.values import Exact, ShownToken
from adapters.http.route import Shape


class ReportShape(Shape):
    """What every report says of itself: enough to be made again, byte by byte."""

    report: str
    as_of_position: str = Field(description="The place in the log of the last event that it knows.")
    edition: str = Field(description="The version of Zeus, and of the way the figures are made.")
    parameters: dict[str, Any] = Field(description="What it was made with, read and bounded.")
    again: str = Field(description="The path that gives this very report, whatever is told later.")


class EnergyItem(Shape):
    """A group of sessions."""

    site: str | None
    charger: str | None
    evse_id: int | None
    connector_id: int | None
    id_token: ShownToken | None
    day: date | None = Field(description="A day of `tz`.")
    sessions: int = Field(description="Begun in the period.")
    energy_wh: int = Field(description="Of what was charged within the period, as settled.")
    plugged_s: int
    unended: int = Field(description="Sessions whose end nobody told; their energy is not counted.")
    unknown_energy: int = Field(description="Ended sessions whose energy cannot be known.")
    evidence: str = Field(description="The sessions behind it.")


class EnergyReport(ReportShape):
    """Energy and sessions."""

    items: list[EnergyItem]


class UptimeItem(Shape):
    """A port in a period; all of them together where `charger` is empty."""

    period: str
    begin: datetime
    end: datetime
    charger: str
    evse_id: int | None
    site: str
    rapid: bool | None = Field(description="50 kW or more; null where nobody said what it can deliver.")
    ports: int
    in_service_s: int
    up_s: int
    charging_s: int
    idle_s: int = Field(description="In use without charging.")
    down_s: int
    offline_s: int = Field(description="Nobody knows what it did.")
    offline_in_use_s: int = Field(description="Offline, and in use by what sessions told later.")
    excluded_s: int = Field(description="Of outages that exclusions take.")
    absent_s: int = Field(description="Not in service: not heard of yet, or retired.")
    optimistic_pct: Exact | None
    pessimistic_pct: Exact | None
    meets_optimistic: bool | None = Field(description="What the regulator demands.")
    meets_pessimistic: bool | None
    evidence: str | None = Field(description="The intervals behind it; null for all ports together.")


class UptimeReport(ReportShape):
    """Uptime."""

    items: list[UptimeItem]


class IntervalItem(Shape):
    """A span in one state, and the event behind it."""

    begin: datetime
    end: datetime
    seconds: int
    state: str = Field(description="`up`, `charging`, `idle`, `down`, `unknown`, `absent`.")
    cause: str
    detail: str
    proven_by: str = Field(description="The session that shows the use of an offline port.")
    exclusion: str = Field(description="The exclusion that takes it.")
    position: str = Field(description="The place in the log of the event behind it.")
    event: str = Field(description="`stream@version`.")


class IntervalsReport(ReportShape):
    """The minutes behind a port's uptime."""

    items: list[IntervalItem]


class UtilisationItem(Shape):
    """A port; all of them together where `charger` is empty."""

    charger: str
    evse_id: int | None
    site: str
    ports: int
    in_service_s: int
    in_use_s: int
    charging_s: int
    idle_s: int
    energy_wh: int
    rated_w: int | None
    utilisation: Exact | None = Field(description="In use / in service.")
    idle_share: Exact | None = Field(description="(In use − charging) / in use.")
    energy_utilisation: Exact | None = Field(description="Energy / (rated power × time in service).")
    evidence: str | None


class HeatItem(Shape):
    """An hour of the local week."""

    weekday: int = Field(description="1: Monday.")
    hour: int
    in_use_s: int
    connector_s: int
    share: Exact | None


class UtilisationReport(ReportShape):
    """How much ports are used."""

    items: list[UtilisationItem]
    heat_map: list[HeatItem] = Field(description="168 hours of the week.")


class FunnelItem(Shape):
    """A group of attempts, and how many came so far."""

    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    charger: str | None
    attempts: int
    plugged: int
    authorised: int
    refused: int
    started: int
    energised: int
    stopped: int
    stopped_properly: int
    running: int = Field(description="Not over yet.")
    success_pct: Exact | None = Field(description="Properly ended / attempts that are over.")
    evidence: str


class FunnelReport(ReportShape):
    """How far drivers come."""

    items: list[FunnelItem]


class ErrorItem(Shape):
    """A kind of error of a group."""

    kind: str = Field(description="`status`, `security`, `callerror`, `rubbish`, `refused`.")
    code: str
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    charger: str | None
    count: int
    chargers: int
    cleared: int
    mean_s: int | None = Field(description="Seconds until it was over, of those that are.")
    evidence: str


class ErrorsReport(ReportShape):
    """What goes wrong."""

    items: list[ErrorItem]


class ReliabilityItem(Shape):
    """Ports of one model."""

    vendor: str
    model: str
    firmware: str
    ports: int
    in_service_s: int
    failures: int
    faulted_s: int
    mtbf_s: int | None = Field(description="Seconds working / failures.")
    mttr_s: int | None = Field(description="Seconds faulted / failures.")


class CommandItem(Shape):
    """Commands of one kind."""

    intent: str
    requested: int
    agreed: int
    refused: int
    failed: int
    timed_out: int
    unknown: int
    cancelled: int
    observed: int
    first_time_right_pct: Exact | None = Field(description="Agreed / ended; nothing is repeated by itself.")


class ReliabilityReport(ReportShape):
    """How long ports hold, and how commands fare."""

    items: list[ReliabilityItem]
    commands: list[CommandItem]


class SessionShareItem(Shape):
    """A session behind a figure."""

    session: str
    transaction: str
    charger: str
    site: str
    evse_id: int | None
    connector_id: int | None
    id_token: ShownToken | None
    begin_at: datetime
    end_at: datetime
    ended: bool
    energy_wh: int | None
    share_wh: int = Field(description="What of its energy falls into the period.")
    share_s: int
    counted: bool = Field(description="It began in the period.")
    events: list[str] = Field(description="`stream@version` of what says so.")


class AttemptItem(Shape):
    """An attempt behind a funnel."""

    attempt: str = Field(description="The place in the log of its first event.")
    charger: str
    evse_id: int | None
    begun_at: datetime
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    reached: str
    verdict: str | None
    reason: str | None
    session: str | None
    proper: bool | None
    steps: list[str] = Field(description="`<step> <stream@version>`, in order.")


class FaultItem(Shape):
    """An error behind a count."""

    position: str = Field(description="Its place in the log.")
    at: datetime
    charger: str
    evse_id: int
    connector_id: int
    kind: str
    code: str
    detail: str
    count: int
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    cleared_at: datetime | None
    event: str
