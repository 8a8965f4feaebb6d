"""Tokens registered, blocked, counted and shown → their rows."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from domain.chargers import events as charger
from domain.event import Event, Fact, Recorded
from domain.id_tokens import events as token
from domain.identity import IdToken
from domain.privacy import events as privacy
from domain.transactions import events as transaction
from projections.bounds import key_text, number
from projections.id_tags.tables import ID_TAGS, METADATA
from projections.read_model import ReadModel
from projections.streams import subject_of
from projections.writes import Increment, Update, Write


class IdTags(ReadModel):
    """Tokens known and unknown."""

    name, version = "id_tags", 2
    tables = METADATA

    def __init__(self) -> None:
        self.topics = frozenset(fact.TOPIC for fact in (*_OWN, *_SHOWN))

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """What an operator did, or that somebody showed it. Tokens come as pseudonyms, and are rows by those."""
        event: Event[Any] = recorded.event
        tell = _OWN.get(type(event.fact))
        if tell is not None:
            return tell(event.fact, event, _key_of(event))
        shown: IdToken | None = event.fact.id_token
        return _shown(event, shown) if shown is not None and shown.value else ()


def _key_of(event: Event[Any]) -> tuple[str, str]:
    _, tenant, name = event.originator_id.split("/", 2)
    return tenant, key_text(unquote(name))


def _issued(fact: token.Issued, event: Event[Any], key: tuple[str, str]) -> list[Write]:
    values = {
        "value": fact.id_token.value,
        "kind": fact.id_token.kind,
        "registered": True,
        "registered_at": event.told.recorded_at,
        "group": fact.group or None,
        "label": fact.label or None,
        "expires_at": fact.expires_at,
        "max_active": None if fact.max_active is None else number(fact.max_active),
    }
    return [Increment(ID_TAGS, key, {}, values)]


def _blocked(fact: token.Blocked, event: Event[Any], key: tuple[str, str]) -> list[Write]:
    return [Increment(ID_TAGS, key, {}, {"blocked": True, "block_reason": fact.reason or None})]


def _unblocked(fact: token.Unblocked, event: Event[Any], key: tuple[str, str]) -> list[Write]:
    return [Increment(ID_TAGS, key, {}, {"blocked": False, "block_reason": None})]


def _taken_up(fact: token.TakenUp, event: Event[Any], key: tuple[str, str]) -> list[Write]:
    return [Increment(ID_TAGS, key, {"active": 1})]


def _given_back(fact: token.GivenBack, event: Event[Any], key: tuple[str, str]) -> list[Write]:
    return [Increment(ID_TAGS, key, {"active": -1})]


def _erased(fact: privacy.SubjectErased, event: Event[Any], key: tuple[str, str]) -> list[Write]:
    """What people wrote about him goes; how often the pseudonym was shown, and where, stays."""
    nothing = {"registered": False, "blocked": False, "label": None, "block_reason": None, "group": None}
    gone = {"tenant": key[0], "token": fact.ref}
    return [Update(ID_TAGS, gone, {**nothing, "erased_at": event.told.recorded_at})]


def _shown(event: Event[Any], shown: IdToken) -> list[Write]:
    tenant, who = subject_of(event.originator_id)
    key = (tenant, key_text(shown.key))
    at = event.told.recorded_at
    first = {"value": shown.value, "kind": shown.kind, "first_seen": at, "first_charger": who}
    seen = {"last_seen": at, "last_charger": who, "last_verdict": event.fact.verdict}
    return [Increment(ID_TAGS, key, {"presented": 1}, seen, first)]


_OWN: dict[type[Fact], Callable[[Any, Event[Any], tuple[str, str]], list[Write]]] = {
    token.Issued: _issued,
    token.Blocked: _blocked,
    token.Unblocked: _unblocked,
    token.TakenUp: _taken_up,
    token.GivenBack: _given_back,
    privacy.SubjectErased: _erased,
}
_SHOWN: tuple[type[Fact], ...] = (charger.TokenPresented, transaction.Started, transaction.TokenShown)
