"""Who is behind pseudonyms, for the use cases: the port `application.privacy.Keeper`."""

import asyncio
from collections.abc import Sequence

from adapters.privacy.sealing import refs_of, restored
from adapters.privacy.subjects import Subjects, folded
from application import clock
from application.privacy import KnownSubject


class SubjectKeeper:
    """The port on the subjects of this process."""

    def __init__(self, subjects: Subjects) -> None:
        """The subjects stay the caller's."""
        self._subjects = subjects

    async def known(self, tenant: str, token: str) -> KnownSubject | None:
        """See the port."""
        found = await asyncio.to_thread(self._subjects.find, tenant, [token])
        subject = found.get(folded(token))
        if subject is None:
            return None
        return KnownSubject(
            ref=subject.ref,
            spelling=subject.spelling,
            plain_stream=subject.plain_stream,
            created_at=subject.created_at or clock.now(),
        )

    async def erase(self, tenant: str, ref: str) -> None:
        """See the port."""
        await asyncio.to_thread(self._subjects.destroy, tenant, ref)

    async def restored(self, tenant: str, frames: Sequence[str]) -> list[str]:
        """See the port."""
        refs = set().union(*map(refs_of, frames))
        await asyncio.to_thread(self._subjects.find_named, tenant, refs)
        return [restored(frame, self._subjects, tenant) for frame in frames]
