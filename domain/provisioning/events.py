"""Facts of a tenant's provisioning: windows in which unknown chargers are registered by themselves."""

from datetime import datetime

from domain.event import Fact


class WindowOpened(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Until then, chargers of fitting ids are registered when they knock. Who opened it, is the actor."""

    TOPIC = "provisioning.window_opened"
    window_id: str
    until: datetime
    """At most a day away."""
    pattern: str
    """Of the ids, in any case: `*` stands for any signs, `?` for one, `[…]` for one of these."""
    most: int
    """So many chargers are let in, then no more."""
    security_profile: int
    """The weakest that is let in: 0 open, 1 password, 2 password over TLS."""
    hold: bool = False
    """Their boots are answered `Pending` until an operator accepts each of them."""
    networks: tuple[str, ...] = ()
    """Where those without a password may come from, now and later."""


class WindowClosed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The window lets nobody in any more, before its time."""

    TOPIC = "provisioning.window_closed"
    window_id: str


class ChargerLetIn(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A charger nobody had registered came through the window; stored together with its registration."""

    TOPIC = "provisioning.charger_let_in"
    window_id: str
    cpid: str
    security_profile: int
    remote: str = ""
    """The address it came from."""


class InstallCardShown(Fact, frozen=True, kw_only=True):
    """An installation card with a password was opened: its link works this once, on whatever server."""

    TOPIC = "install_card.shown"
    cpid: str
