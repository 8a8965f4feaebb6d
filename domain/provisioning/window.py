"""The window of a tenant: is it open, whom does it fit, how many may still come."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from domain.chargers.admission import Knock
from domain.chargers.networks import NetworksNeeded, within
from domain.event import Event, Fact
from domain.identity import CPID_LIMIT
from domain.provisioning.events import ChargerLetIn, WindowClosed, WindowOpened

LONGEST = timedelta(hours=24)
MOST = 1000
SHORTEST_PASSWORD = 16
"""Bytes (A00.FR.205): a shorter one could be guessed, and what is presented first stays the password."""
LONGEST_PASSWORD = 64


class WindowAlreadyOpen(Exception):
    """A window is open already; close it first, so that it is clear which rules hold."""


class WindowNotOpen(Exception):
    """No window is open."""


class WindowImpossible(ValueError):
    """A window is open for at most 24 hours, for 1 to 1000 chargers, on profile 0, 1 or 2; on 0 for listed networks."""


class Window(msgspec.Struct):
    """State of a tenant's window; the only way to change it is `when`."""

    stream: str
    version: int = 0
    open: WindowOpened | None = None
    """The newest window; None where it was closed. It may be over by the clock or by its count."""
    let_in: int = 0

    def left(self, now: datetime) -> int:
        """How many chargers may still come through."""
        if self.open is None or now >= self.open.until:
            return 0
        return max(0, self.open.most - self.let_in)

    def opening(self, wanted: WindowOpened, now: datetime) -> list[Fact]:
        """Open a window. Raises WindowAlreadyOpen, WindowImpossible, NetworksNeeded."""
        if self.left(now):
            raise WindowAlreadyOpen
        pattern_fits = 0 < len(wanted.pattern) <= CPID_LIMIT and wanted.pattern.isprintable()
        in_time = now < wanted.until <= now + LONGEST
        if not (
            in_time and pattern_fits and 1 <= wanted.most <= MOST and wanted.security_profile in (0, 1, 2)
        ):
            raise WindowImpossible
        if wanted.security_profile == 0 and not wanted.networks:
            raise NetworksNeeded(wanted.pattern)
        return [wanted]

    def closing(self, now: datetime) -> list[Fact]:
        """Close it before its time. Raises WindowNotOpen."""
        if self.open is None or not self.left(now):
            raise WindowNotOpen
        return [WindowClosed(window_id=self.open.window_id)]

    def fits(self, cpid: str, now: datetime) -> bool:
        """Might a charger of this id come through?"""
        return (
            self.open is not None
            and bool(self.left(now))
            and fnmatchcase(cpid.upper(), self.open.pattern.upper())
        )

    def letting_in(self, knock: Knock, remote: str) -> ChargerLetIn | str:
        """The fact that lets a fitting charger in, or the reason why it is not protected well enough.

        It is pinned to the profile on which it came, never to a weaker one than the window asks for: who
        shows a password has one from now on, even where none was needed.
        """
        window = self.open
        if window is None:
            return "id_unknown"
        if knock.password is None or knock.user is None:
            if window.security_profile:
                return "auth_missing"
            if not within(remote, window.networks):
                return "network_not_allowed"
            return ChargerLetIn(
                window_id=window.window_id, cpid=knock.cpid, security_profile=0, remote=remote
            )
        if window.security_profile == 2 and not knock.secure:
            return "profile_mismatch"
        if knock.user.decode(errors="surrogateescape").upper() != knock.cpid.upper():
            return "auth_user_mismatch"
        if not SHORTEST_PASSWORD <= len(knock.password) <= LONGEST_PASSWORD:
            return "auth_password"
        profile = 2 if knock.secure else 1
        return ChargerLetIn(
            window_id=window.window_id, cpid=knock.cpid, security_profile=profile, remote=remote
        )

    def when(self, event: Event[Any]) -> None:
        """Take a fact into the state, once; never refuses, never looks at a clock."""
        if event.originator_version <= self.version:
            return
        self.version = event.originator_version
        fact = event.fact
        if isinstance(fact, WindowOpened):
            self.open, self.let_in = fact, 0
        elif isinstance(fact, WindowClosed):
            self.open = None
        elif isinstance(fact, ChargerLetIn):
            self.let_in += 1


def window_stream(tenant: str) -> str:
    """`provisioning/<tenant>/windows`: one for each tenant."""
    return f"provisioning/{tenant}/windows"
