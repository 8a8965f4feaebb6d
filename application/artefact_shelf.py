"""Artefacts in memory, caught up with the log at each use: a file fetched in 5,000 pieces is not read 5,000 times."""

import re
from collections import OrderedDict
from collections.abc import Callable

from application.ports import EventStore, StoreUnavailable, VersionConflict
from domain.artefacts.artefact import Artefact, ArtefactUnknown
from domain.event import Fact, Told, events_of

ATTEMPTS = 20
"""A charger that fetches pieces side by side conflicts with itself."""
REMEMBERED = 256
_ID = re.compile(r"[0-9a-f]{22}")


class Shelf:
    """The artefacts of one tenant."""

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._known: OrderedDict[str, Artefact] = OrderedDict()

    def __len__(self) -> int:
        """How many are in memory."""
        return len(self._known)

    async def artefact(self, name: str) -> Artefact:
        """The artefact as the log has it now; version 0 where it is new. Raises ArtefactUnknown for no id."""
        if _ID.fullmatch(name) is None:
            raise ArtefactUnknown(name[:40])
        stream = f"artefact/{self._tenant}/{name}"
        state = self._known.get(name) or Artefact(stream)
        for event in await self._store.read(stream, state.version):
            if event.originator_version > state.version:  # another task may have read it meanwhile
                state.when(event)
        self._remember(name, state)
        return state

    async def change(self, name: str, decide: Callable[[Artefact], list[Fact]], told: Told) -> Artefact:
        """Decide on the newest state, and store what was decided. Raises what `decide` raises."""
        for attempt in range(ATTEMPTS):
            state = await self.artefact(name)
            events = events_of(state.stream, state.version, decide(state), told)
            try:
                if events:
                    await self._store.append(events)
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            except StoreUnavailable:
                self._known.pop(name, None)  # it may be in the log or not: read it again from the beginning
                raise
            for event in events:
                if event.originator_version > state.version:
                    state.when(event)
            return state
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _remember(self, name: str, state: Artefact) -> None:
        if state.version:
            self._known[name] = state
            self._known.move_to_end(name)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
