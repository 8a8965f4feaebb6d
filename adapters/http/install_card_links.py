"""Links to installation cards: made with the card in them, opened once, good for fifteen minutes."""

import asyncio
from datetime import datetime, timedelta

import msgspec

from adapters.http.charger_addresses import addresses_of
from adapters.http.install_card import VALID_S, CardFacts, render_card
from adapters.http.sealed import LinkUnreadable, Sealer
from application import clock
from application.install_cards import CardShownAlready, show_once
from application.ports import EventStore

PATH = "/install-card/"
"""Outside the API: whoever holds the link may look, once."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same on all cards of an installation."""

    ca_note: str = ""
    ntp: str = "pool.ntp.org"
    fallback_a: int = 6
    versions: tuple[str, ...] = ("1.6", "2.0.1", "2.1")


class CardGone(Exception):
    """This link does not work: it was opened before, its time is over, or it was not copied whole."""


class InstallCards:
    """Makes links to cards and shows what is behind them; keeps nothing."""

    def __init__(
        self,
        store: EventStore,
        tenant: str,
        secret: bytes,
        surroundings: Surroundings | None = None,
        slug: str = "",
    ) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts.

        `slug` is the tenant's part of the chargers' addresses, and of the links; empty for the default tenant.
        """
        self._slug = slug
        self._store = store
        self._tenant = tenant
        self._sealer = Sealer(secret, f"install card of {tenant}")
        self._surroundings = surroundings or Surroundings()

    def card(
        self,
        origin: str,
        cpid: str,
        security_profile: int,
        *,
        password: str | None = None,
        name: str = "",
        site: str = "",
        connectors: tuple[str, ...] = (),
        fallback_a: int | None = None,
    ) -> CardFacts:
        """What goes on a card; `origin` is `https://host[:port]` as clients see it."""
        around = self._surroundings
        return CardFacts(
            id=clock.time_ordered_id() if password is not None else "",
            cpid=cpid,
            security_profile=security_profile,
            addresses=addresses_of(origin, cpid, security_profile, self._slug),
            name=name,
            site=site,
            password=password,
            connectors=connectors,
            ca_note=around.ca_note,
            ntp=around.ntp,
            fallback_a=around.fallback_a if fallback_a is None else fallback_a,
            versions=around.versions,
        )

    def base(self, origin: str, security_profile: int) -> str:
        """Where chargers of this profile connect, without an id."""
        return addresses_of(origin, "", security_profile, self._slug).base

    def link(self, card: CardFacts, now: datetime) -> tuple[str, datetime]:
        """The path of a link to this card, and until when it works."""
        until = now + timedelta(seconds=VALID_S)
        ending = f".{self._slug}" if self._slug else ""
        return PATH + self._sealer.seal(card, until) + ending, until

    async def open(self, token: str, now: datetime) -> str:
        """The page behind a link; that it is shown is recorded first. Raises CardGone, StoreUnavailable."""
        try:
            card = self._sealer.open(token.partition(".")[0], CardFacts, now)
            if card.id:
                await show_once(self._store, self._tenant, card.id, card.cpid)
        except (LinkUnreadable, CardShownAlready) as error:
            raise CardGone from error
        return await asyncio.to_thread(render_card, card, now)  # QR codes take tens of milliseconds
