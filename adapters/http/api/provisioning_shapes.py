"""What is asked and answered when chargers are made known, described, given passwords and let in."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, RootModel

from adapters.http.api.commands import CommandShape
from adapters.http.route import Body, Shape
from domain.chargers.credentials import LENGTH
from domain.identity import CPID_LIMIT
from domain.provisioning.window import MOST

Text = Annotated[str, Field(max_length=100)]
Key = Annotated[str, Field(max_length=CPID_LIMIT)]
Profile = Annotated[
    int, Field(ge=0, le=3, description="0 open, 1 password, 2 password over TLS, 3 certificate.")
]


class PlannedConnector(Body):
    """A connector as its operator knows it."""

    id: int = Field(ge=1, le=64, description="1.6 connector n is EVSE n, connector 1.")
    type: str = Field("", max_length=40, description="Such as `Type2`, `Type2 tethered`, `CCS2`.")
    max_amps: Decimal | None = Field(None, gt=0, le=2000, max_digits=7, decimal_places=3)
    phases: int | None = Field(None, ge=1, le=3)


class NewCharger(Body):
    """A charger to be made known."""

    cpid: str = Field(
        min_length=1, max_length=CPID_LIMIT, description="As entered in the box; compared without case."
    )
    name: Text = ""
    site: Key = ""
    node: Key = ""
    model_profile: Key = ""
    connectors: list[PlannedConnector] = Field([], max_length=64)
    security_profile: Profile = 2
    networks: list[str] = Field(
        [],
        max_length=32,
        description="Where it may come from on security profile 0, such as `10.20.0.0/16`; needed there.",
    )
    password: str | None = Field(
        None, min_length=16, max_length=40, description="Of a box that has one already; else one is made up."
    )
    auto_accept: bool | AwareDatetime = Field(
        True,
        description="Boots are answered Accepted; `false`: Pending until somebody accepts it; a time: Accepted "
        "up to then, Pending afterwards.",
    )
    template: str = Field(
        "",
        max_length=64,
        description="Whose settings it is to have: `auto` (chosen by vendor and model at each boot) or a template's "
        "name; empty: none.",
    )


class BackendUrls(Shape):
    """The same address in the three ways in which boxes ask for it."""

    base: str = Field(description="For boxes that append the id themselves.")
    full: str = Field(description="For boxes that want the full URL.")
    scheme: Literal["ws", "wss"]
    host: str
    port: int
    path: str


class CredentialShown(Shape):
    """A password, this once."""

    cpid: str
    username: str
    password: str | None = Field(description="Shown this once; null on security profile 0.")
    password_hex: str | None = Field(description="The same in 40 hexadecimal digits.")
    credential_id: str | None = Field(description="Names the password without showing it.")
    install_card_url: str | None = Field(
        description="A page to print with all of this; works once, for fifteen minutes."
    )
    install_card_until: datetime | None


class ChargerAdded(CredentialShown):
    """A charger that was made known."""

    security_profile: int
    ws_url: str = Field(description="The full URL; `urls` has the other ways.")
    urls: BackendUrls


class ChargerPatch(Body):
    """A merge patch (RFC 7396): what is left out stays, null takes away."""

    name: Text | None = None
    site: Key | None = None
    node: Key | None = None
    model_profile: Key | None = None
    connectors: list[PlannedConnector] | None = Field(None, max_length=64)
    security_profile: Profile | None = None
    downgrade_reason: str = Field(
        "", max_length=200, description="Needed for a weaker security profile; it is recorded."
    )
    networks: list[str] | None = Field(
        None, max_length=32, description="Where it may come from on security profile 0; needed there."
    )
    state: Literal["active", "disabled", "retired"] | None = Field(
        None, description="Nothing is deleted: what is gone for good is retired."
    )
    reason: str = Field("", max_length=200, description="Why it is disabled or retired; it is recorded.")


class ChargerChanged(Shape):
    """What operators say of a charger, after the change."""

    cpid: str
    name: str
    site: str
    node: str
    model_profile: str
    security_profile: int
    networks: list[str]
    state: str
    revision: int = Field(description="For `If-Match`; heartbeats and the like do not move it.")


class NewCredential(Body):
    """A new password, by hand or over OCPP."""

    via: Literal["manual", "ocpp"] = Field(
        description="`manual`: valid at once, to be entered in the box. `ocpp`: sent to the connected charger; "
        "the former one is valid until the charger uses the new one."
    )
    length: int = Field(LENGTH, ge=16, le=20, description="Of a password by hand; over OCPP it is 20.")


class CredentialAnswer(RootModel[CredentialShown | CommandShape]):
    """By hand the password, over OCPP the command that carries it."""


class NearMatch(Shape):
    """A registered id that may have been meant."""

    cpid: str
    why: Literal["look_alike", "prefix", "one_edit", "two_edits"]


class UnknownId(Shape):
    """An id that knocked and is not registered. To add it: POST it as `cpid` to `/chargers`."""

    cpid: str = Field(description="As shown.")
    count: int
    first_seen: datetime
    last_seen: datetime
    reason: str
    remote: str | None
    path: str | None
    user_agent: str | None
    subprotocols: list[str] | None
    near: list[NearMatch] = Field(description="The likeliest first.")


class UnknownIds(Shape):
    """The newest first."""

    items: list[UnknownId]


class NewWindow(Body):
    """A window in which unknown chargers are registered by themselves."""

    until: AwareDatetime = Field(description="At most 24 hours away.")
    pattern: str = Field(
        min_length=1, max_length=CPID_LIMIT, description="Of the ids: `*` any signs, `?` one, `[…]` one of."
    )
    most: int = Field(10, ge=1, le=MOST, description="So many are let in, then no more.")
    security_profile: int = Field(
        2, ge=0, le=2, description="The weakest that is let in; 0 lets in whoever knocks."
    )
    networks: list[str] = Field(
        [],
        max_length=32,
        description="Where those without a password may come from, now and later; needed on security profile 0.",
    )
    hold: bool = Field(False, description="Their boots are answered Pending until each is accepted.")


class WindowState(Shape):
    """The window as it stands."""

    open: bool
    window_id: str | None
    until: datetime | None
    pattern: str | None
    security_profile: int | None
    hold: bool | None
    networks: list[str]
    let_in: int
    left: int = Field(description="So many may still come.")
