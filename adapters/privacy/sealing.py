"""What is personal in an event, sealed on its way into the log and opened on its way out."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import msgspec

from adapters.privacy.personal_places import Walk, walk_of
from adapters.privacy.spelling import (
    BARE,
    REF_LENGTH,
    SEALED,
    SEALED_LITERAL,
    ciphertext_of,
    erased_ref,
    sealed_text,
)
from adapters.privacy.subjects import Subject, Subjects, folded
from domain.event import Event, Fact, Told
from domain.identity import ERASED

TOKEN, WORDS, FRAME, BYTES = "token", "words", "frame", "bytes"
ID_TOKENS = "id-token/"
"""What the streams of tokens begin with."""


class Place(Protocol):
    """A literal of a frame and whose it is."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def token(self) -> str: ...


class Wire(NamedTuple):
    """What the OCPP edge knows of tokens."""

    tokens_in: Callable[[str, Callable[[str], bool] | None], Sequence[Place]]
    """The places in a frame, and the literals beside them that the second argument is true for."""
    sealed_in: Callable[[Any, Callable[[str], str]], Any]
    """A payload with a function applied to its tokens."""


class Places:
    """How to get to the personal places of each fact of a catalogue."""

    def __init__(self, facts: Iterable[type[Fact]]) -> None:
        self._walks: dict[type[Fact], Walk] = {}
        for fact in facts:
            if (walk := walk_of(fact)) is not None:
                self._walks[fact] = walk

    def of(self, fact: type[Fact]) -> Walk | None:
        """None where it has none."""
        return self._walks.get(fact)


class Sealer:
    """Seals the events of one tenant; collects in `missing` the tokens whose subjects are not in memory.

    Where any is missing, what was made is worth nothing: ask the vault for them, and seal again with what it
    answered as `known`, since memory has not room for all.
    """

    def __init__(
        self,
        subjects: Subjects,
        wire: Wire,
        places: Places,
        tenant: str,
        known: Mapping[str, Subject] = MappingProxyType({}),
    ) -> None:
        """`known` is by folded token."""
        self._subjects, self._wire, self._places, self._tenant = subjects, wire, places, tenant
        self._known = known
        self.missing: set[str] = set()

    def event(self, event: Event[Any]) -> Event[Any]:
        """The event as the log may hold it; the same one where nothing in it is personal."""
        stream, fact, told = event.originator_id, event.fact, event.told
        own = ""
        if stream.startswith(ID_TOKENS):
            own = token_of(stream)
            stream = self.stream(stream, own)
        walk = self._places.of(type(fact))
        if walk is not None:
            fact = walk(fact, self, own)
        if told.frame is not None or told.reply is not None:
            told = self._told(told)
        if fact is event.fact and told is event.told and stream is event.originator_id:
            return event
        return Event(originator_id=stream, originator_version=event.originator_version, fact=fact, told=told)

    def stream(self, stream: str, token: str) -> str:
        """Where the events of a token are."""
        subject = self._subject(token)
        return (
            stream if subject is None or subject.plain_stream else f"{ID_TOKENS}{self._tenant}/{subject.ref}"
        )

    # -- the hand of personal_places ----------------------------------------------------------------

    def token(self, text: str) -> str:
        """See Hand."""
        if (ref := erased_ref(text)) and self._subjects.is_known_erased(self._tenant, ref):
            return ref
        subject = self._subject(text)
        return "" if subject is None else subject.seal(text, TOKEN)

    def words(self, text: str, whose: str) -> str:
        """See Hand."""
        if (ref := erased_ref(whose)) and self._subjects.is_known_erased(self._tenant, ref):
            return ""
        if not whose:
            return text
        subject = self._subject(whose)
        return "" if subject is None else subject.seal(text, WORDS)

    def payload(self, payload: Any) -> Any:
        """See Hand."""
        return self._wire.sealed_in(payload, self.token)

    # -- frames ---------------------------------------------------------------------------------------

    def _told(self, told: Told) -> Told:
        frame, places = told.frame, self._tokens_in(told.frame)
        reply, in_reply = told.reply, self._tokens_in(told.reply)
        if not places and not in_reply:
            return told
        changes: dict[str, Any] = {}
        if frame is not None and places:
            changes["frame"] = self._sealed(frame, places)
            if told.frame_bytes is not None:
                changes["frame_bytes"] = self._bytes(told.frame_bytes, places[0].token)
        if reply is not None and in_reply:
            changes["reply"] = self._sealed(reply, in_reply)
        return msgspec.structs.replace(told, **changes)

    def _tokens_in(self, frame: str | None) -> Sequence[Place]:
        return () if frame is None else self._wire.tokens_in(frame, _looks_sealed)

    def _sealed(self, frame: str, places: Sequence[Place]) -> str:
        parts: list[str] = []
        at = 0
        for place in places:
            subject = self._subject(place.token)
            if subject is not None:
                parts += (
                    frame[at : place.start],
                    '"',
                    subject.seal(frame[place.start : place.end], FRAME),
                    '"',
                )
                at = place.end
        return "".join((*parts, frame[at:]))

    def _bytes(self, data: bytes, token: str) -> bytes:
        subject = self._subject(token)
        return b"" if subject is None else sealed_text(subject.ref, subject.encrypt(data, BYTES)).encode()

    def _subject(self, token: str) -> Subject | None:
        subject = self._subjects.found(self._tenant, token) or self._known.get(folded(token))
        if subject is None:
            self.missing.add(token)
        return subject


class Opener:
    """Opens what is sealed in the facts of one tenant, with the subjects that the vault was asked for before.

    What belongs to nobody any more says so; words about such a one are empty.
    """

    def __init__(self, known: Mapping[str, Subject], wire: Wire, tenant: str) -> None:
        """`known` is by pseudonym."""
        self._known, self._wire, self._tenant = known, wire, tenant

    def token(self, text: str) -> str:
        """See Hand. What was never sealed stays as it is."""
        if text[:1] != "~":
            return text
        found = SEALED.fullmatch(text)
        if found is None:  # a pseudonym alone is what was left of somebody erased when it was written
            return ERASED + text if BARE.fullmatch(text) else text
        return _opened(self._known.get(found[1]), found[2], TOKEN) or ERASED + found[1]

    def words(self, text: str, whose: str) -> str:
        """See Hand."""
        found = SEALED.fullmatch(text)
        if found is None:
            return text
        return _opened(self._known.get(found[1]), found[2], WORDS) or ""

    def payload(self, payload: Any) -> Any:
        """See Hand."""
        return self._wire.sealed_in(payload, self.token)


class Seen:
    """Collects in `refs` the pseudonyms in facts, to be asked for before they are opened."""

    def __init__(self, wire: Wire) -> None:
        self.refs: set[str] = set()
        self._wire = wire

    def token(self, text: str) -> str:
        """See Hand."""
        if text[:1] == "~":
            self.refs.add(text[: REF_LENGTH + 1])
        return text

    def words(self, text: str, whose: str) -> str:
        """See Hand."""
        return self.token(text)

    def payload(self, payload: Any) -> Any:
        """See Hand."""
        return self._wire.sealed_in(payload, self.token)


class Namer:
    """What read models get: the pseudonym in the place of each token, and the words as they were written."""

    def __init__(self, subjects: Subjects | None, wire: Wire, tenant: str) -> None:
        """Without `subjects` words that are sealed are left out."""
        self._subjects, self._wire, self._tenant = subjects, wire, tenant

    def token(self, text: str) -> str:
        """See Hand. What was never sealed stays as it is."""
        return text.partition(".")[0] if text[:1] == "~" and SEALED.fullmatch(text) else text

    def words(self, text: str, whose: str) -> str:
        """See Hand."""
        found = SEALED.fullmatch(text)
        if found is None:
            return text
        if self._subjects is None:
            return ""
        return (
            _opened(self._subjects.find_named(self._tenant, [found[1]]).get(found[1]), found[2], WORDS) or ""
        )

    def payload(self, payload: Any) -> Any:
        """See Hand."""
        return self._wire.sealed_in(payload, self.token)


def token_of(stream: str) -> str:
    """The token (folded) of a stream `id-token/<tenant>/<KEY>`, as the application names it."""
    return unquote(stream.split("/", 2)[2])


def restored(frame: str, subjects: Subjects, tenant: str) -> str:
    """A frame as it was received, to the last sign; what belongs to nobody any more stays sealed.

    The subjects are in memory: ask for `refs_of` before.
    """

    def put_back(found: "re.Match[str]") -> str:
        literal = _opened(subjects.named(tenant, found[1]), found[2], FRAME)
        return found[0] if literal is None else literal

    return SEALED_LITERAL.sub(put_back, frame)


def restored_bytes(sealed: bytes, subjects: Subjects, tenant: str) -> bytes:
    """The same for a frame that was no text."""
    found = SEALED.fullmatch(sealed.decode("ascii", "replace"))
    subject = subjects.named(tenant, found[1]) if found is not None else None
    if found is None or subject is None:
        return sealed
    return subject.decrypt(ciphertext_of(found[2]), BYTES)


def refs_of(text: str) -> set[str]:
    """The pseudonyms of all that is sealed in a text."""
    return {found[1] for found in SEALED.finditer(text)}


def _looks_sealed(literal: str) -> bool:
    """A charger that sends what looks sealed has that sealed, so that what is restored is what it sent."""
    return SEALED_LITERAL.fullmatch(literal) is not None


def _opened(subject: Subject | None, encoded: str, purpose: str) -> str | None:
    return None if subject is None else subject.open(encoded, purpose)
