"""The live streams of a process, as those who serve them see them."""

from collections.abc import Callable

import msgspec

from adapters.live.archive import Archive
from adapters.live.hub import Hub
from adapters.live.listening import LAG_S, Listening
from adapters.live.log import LiveLog
from adapters.live.places import BEGINNING, START, Place, Seals
from adapters.live.selection import Selection
from adapters.live.stream import Bounds, Stream
from adapters.live.telling import Teller
from domain.tenants.roles import Right
from projections.log import Decode


class PlaceUnknown(ValueError):
    """This is no place of yours in the log: take the `id` of a message as it is, or `beginning`."""


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose."""

    per_credential: int = 5
    per_tenant: int = 200
    bounds: Bounds = Bounds()


class LiveStreams:
    """Opens streams; nothing is connected before the first."""

    def __init__(self, dsn: str, decode: Decode, secret: bytes, settings: LiveSettings | None = None) -> None:
        """`secret` seals places: the same for all processes of an installation."""

        def open_log() -> LiveLog:
            return LiveLog(dsn)

        def new_teller() -> Teller:
            return Teller(decode, secret)

        self.settings = settings or LiveSettings()
        self.hub = Hub(open_log, new_teller)
        self._open: Callable[[], Archive] = lambda: Archive(open_log, new_teller)
        self._archive: Archive | None = None
        self._seals = Seals(secret)

    @property
    def archive(self) -> Archive:
        """Made when it is first wanted."""
        if self._archive is None:
            self._archive = self._open()
        return self._archive

    def place_of(self, tenant: str, text: str) -> Place:
        """The place that a tenant's listener had come to. Raises PlaceUnknown, also for another tenant's."""
        place = START if text == BEGINNING else self._seals.of(tenant).open(text)
        if place is None:
            raise PlaceUnknown
        return place

    def listen(
        self,
        tenant: str,
        rights: frozenset[Right],
        selection: Selection,
        after: Place | None,
        *,
        patient: bool = False,
    ) -> Listening:
        """A stream from this place on, or from where the log ends; close it whatever happens.

        From the end of the log it begins with `begin_now`. A `patient` one may be as slow as it likes.
        """
        stream = Stream(tenant, selection, rights, after or START, self.settings.bounds)
        seal = self._seals.of(tenant)
        return Listening(
            self.hub, self.archive, seal, stream, resumed=after is not None, lag_s=None if patient else LAG_S
        )

    def close(self) -> None:
        """Whoever still listens is told nothing any more."""
        self.hub.close()
        if self._archive is not None:
            self._archive.close()
            self._archive = None
