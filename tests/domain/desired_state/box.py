"""A small charger for the laws of desired state: it takes, refuses, loses, forgets and reboots as told."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.commands.drivers import GetLocalListVersion, ListEntry, SendLocalList
from domain.commands.intent import Answer, Intent, Verdict
from domain.commands.settings import ChangeSettings, ReadSettings
from domain.commands.upkeep import ChangeAvailability, Reset
from domain.desired_state.values import folded, is_list, items_of

START = datetime.fromisoformat("2026-11-01T00:00:00+00:00")


class NoAnswer(Exception):
    """The connection broke, or time ran out."""


class Key(msgspec.Struct):
    """One of its settings, and how it treats changes of it."""

    name: str
    value: str
    readonly: bool = False
    on_write: str = "Accepted"
    """`Accepted`, `RebootRequired`, `Rejected`, `NotSupported`, `Liar` (accepts, and keeps what it has)."""
    measurands: frozenset[str] | None = None
    """What it can measure, for lists of measurands."""


class Box:
    """A 1.6 charger."""

    def __init__(
        self,
        keys: list[Key],
        *,
        seed: int = 0,
        max_keys: int | None = None,
        losses: int = 0,
        amnesias: int = 0,
        list_part: int | None = None,
        list_size: int | None = None,
        list_supported: bool = True,
    ) -> None:
        """`losses`: so many questions stay without answer, half of them done all the same."""
        self.keys = {folded(key.name): key for key in keys}
        limits = {
            "GetConfigurationMaxKeys": max_keys,
            "SendLocalListMaxLength": list_part,
            "LocalAuthListMaxLength": list_size,
        }
        for name, limit in limits.items():
            if limit is not None:
                self.keys[folded(name)] = Key(name, str(limit), readonly=True)
        self.factory = {key: one.value for key, one in self.keys.items()}
        self.max_keys, self.list_part, self.list_size = max_keys, list_part, list_size
        self.dice = random.Random(seed)
        self.losses, self.amnesias = losses, amnesias
        self.after_restart: dict[str, str] = {}
        self.restarting = False
        self.writes: list[datetime] = []
        self.list_version = 0 if list_supported else -1
        self.tokens: dict[str, ListEntry] = {}
        self.list_failures = 0
        """So many lists are answered Failed."""
        self.available: dict[tuple[int, int], bool] = {}
        self.availability_status = "Accepted"
        self.rules: list[str] = []
        """What it was asked against the rules."""

    def ask(self, intent: Intent, now: datetime) -> Answer:
        """Answer; raises NoAnswer."""
        lost = self.losses > 0 and self.dice.random() < 0.4
        if lost:
            self.losses -= 1
            if self.dice.random() < 0.5:
                if isinstance(intent, ChangeSettings):
                    self.writes.append(now)
                raise NoAnswer
        answer = self._answers[type(intent)](self, intent, now)
        if lost:
            raise NoAnswer
        return answer

    def restart(self) -> None:
        """It boots, perhaps with its factory settings."""
        self.restarting = False
        for key, value in self.after_restart.items():
            self.keys[key].value = value
        self.after_restart.clear()
        if self.amnesias and self.dice.random() < 0.5:
            self.amnesias -= 1
            self.forget()

    def forget(self) -> None:
        """Back to what it was made with."""
        for key, value in self.factory.items():
            self.keys[key].value = value
        if self.list_version > 0:
            self.list_version, self.tokens = 0, {}

    def _read(self, intent: ReadSettings, now: datetime) -> Answer:
        if self.max_keys is not None and len(intent.names) > self.max_keys:
            self.rules.append(f"{len(intent.names)} keys at once")
        asked = [folded(name) for name in intent.names] or list(self.keys)
        told = [self.keys[key] for key in asked if key in self.keys]
        settings = [{"name": one.name, "value": one.value, "readonly": one.readonly} for one in told]
        unknown = [name for name in intent.names if folded(name) not in self.keys]
        return Answer(verdict=Verdict.AGREED, result={"settings": settings, "unknown": unknown})

    def _write(self, intent: ChangeSettings, now: datetime) -> Answer:
        self.writes.append(now)
        ((name, value),) = intent.values.items()
        key = self.keys.get(folded(name))
        status = "NotSupported" if key is None else self._change(key, value)
        agreed = status in ("Accepted", "RebootRequired")
        verdict = Verdict.AGREED if agreed else Verdict.REFUSED
        return Answer(verdict=verdict, status=status, result={"settings": {name: status}})

    def _change(self, key: Key, value: str) -> str:
        if key.readonly:
            self.rules.append(f"a write to the read-only {key.name}")
            return "Rejected"
        asked = {item.lower() for item in items_of(value)}
        if is_list(key.name) and key.measurands is not None and not asked <= key.measurands:
            return "Rejected"
        if key.on_write == "Accepted":
            key.value = value
        elif key.on_write == "RebootRequired":
            self.after_restart[folded(key.name)] = value
        return "Accepted" if key.on_write == "Liar" else key.on_write

    def _reset(self, intent: Reset, now: datetime) -> Answer:
        self.restarting = True
        return Answer(verdict=Verdict.AGREED, status="Accepted")

    def _availability(self, intent: ChangeAvailability, now: datetime) -> Answer:
        if self.availability_status != "Rejected":
            self.available[(intent.evse_id or 0, intent.connector_id or 0)] = intent.operative
            return Answer(verdict=Verdict.AGREED, status=self.availability_status)
        return Answer(verdict=Verdict.REFUSED, status="Rejected")

    def _version(self, intent: GetLocalListVersion, now: datetime) -> Answer:
        return Answer(verdict=Verdict.AGREED, result={"version": self.list_version})

    def _list(self, intent: SendLocalList, now: datetime) -> Answer:
        status = self._take(intent)
        verdict = Verdict.AGREED if status == "Accepted" else Verdict.REFUSED
        return Answer(verdict=verdict, status=status)

    def _take(self, intent: SendLocalList) -> str:
        if intent.version < 1:
            self.rules.append(f"the reserved version {intent.version}")
        if self.list_part is not None and len(intent.entries) > self.list_part:
            self.rules.append(f"{len(intent.entries)} tokens at once")
        if self.list_version < 0:
            return "NotSupported"
        if self.list_failures:
            self.list_failures -= 1
            return "Failed"
        if not intent.full and intent.version <= self.list_version:
            return "VersionMismatch"
        tokens = {} if intent.full else dict(self.tokens)
        for entry in intent.entries:
            if entry.status:
                tokens[entry.id_token.key] = entry
            else:
                tokens.pop(entry.id_token.key, None)
            if self.list_size is not None and len(tokens) > self.list_size:
                return "Failed"
        self.list_version, self.tokens = intent.version, tokens
        return "Accepted"

    _answers: ClassVar[dict[type[Intent], Callable[["Box", Any, datetime], Answer]]] = {
        ReadSettings: _read,
        ChangeSettings: _write,
        Reset: _reset,
        ChangeAvailability: _availability,
        GetLocalListVersion: _version,
        SendLocalList: _list,
    }
