"""Bundles: events as they are stored, each with the proof that it is in the log, to be checked by anybody anywhere."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from eventsourcing.persistence import StoredEvent
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from adapters.audit import verify_bundle
from adapters.audit.audited_log import checkpoints, covering
from adapters.audit.log_rows import rows_at
from adapters.audit.tiles import Tree
from adapters.eventstore import schema
from adapters.eventstore.history import BOOKS
from adapters.eventstore.mapper import EventMapper
from application.audit import LogRewritten, Published, Signer
from application.narrative import NoSentence, sentence
from application.ports import UnreadableEvent
from domain.audit.events import BundleExported
from domain.audit.leaf import StoredRow
from domain.audit.notes import NoteKey, signed
from domain.identity import ChargerId

_EVENTS = Identifier(schema.SCHEMA, schema.EVENTS)
_OF_STREAMS = SQL("SELECT notification_id FROM {events} WHERE originator_id = ANY(%s) ORDER BY 1").format(
    events=_EVENTS
)
_OF_CHARGER = SQL("""
    SELECT notification_id FROM {events}
     WHERE (originator_id = ANY(%(streams)s) OR (originator_id >= %(first)s AND originator_id < %(beyond)s))
       AND (%(begin)s::timestamptz IS NULL OR recorded_at >= %(begin)s)
       AND (%(end)s::timestamptz IS NULL OR recorded_at < %(end)s)
     ORDER BY 1
""").format(events=_EVENTS)
_COMMANDS = "SELECT id FROM ocpp_commands WHERE tenant = %s AND charger = %s"

VERIFIER = "verify.py"


class NothingToExport(LookupError):
    """The log holds no event of that."""


class NoCheckpoint(LookupError):
    """No checkpoint is over these events yet: make one with `zeus audit checkpoint`."""


class Subject(NamedTuple):
    """What a bundle is about."""

    words: str
    """`session <id>` or `charger <CPID>`."""
    tenant: str
    positions: tuple[int, ...]
    streams: tuple[str, ...] = ()
    """Where it is about whole streams."""


class Occasion(NamedTuple):
    """Who takes it out of the house, when and what for."""

    at: datetime
    by: str
    purpose: str


class Bundle(NamedTuple):
    """The bundle and what is to be written down of it."""

    archive: bytes
    fact: BundleExported


def of_streams(connection: Connection[Any], words: str, tenant: str, streams: Sequence[str]) -> Subject:
    """Whole streams. Raises NothingToExport."""
    rows = connection.execute(_OF_STREAMS, [list(streams)])
    return _subject(words, tenant, [position for (position,) in rows])._replace(streams=tuple(streams))


def of_charger(
    connection: Connection[Any], charger: ChargerId, begin: datetime | None, end: datetime | None
) -> Subject:
    """All that the log took of a charger in a span of time, by our clock. Raises NothingToExport."""
    transactions = f"transaction/{charger.tenant}/{charger.key}/"
    streams = [f"{kind}/{charger.tenant}/{charger.key}" for kind in BOOKS]
    if connection.execute("SELECT to_regclass('ocpp_commands') IS NOT NULL").fetchone() == (True,):
        commands = connection.execute(_COMMANDS, [charger.tenant, charger.key])
        streams += [f"command/{charger.tenant}/{name}" for (name,) in commands]
    names = {
        "streams": streams,
        "first": transactions,
        "beyond": transactions[:-1] + chr(ord("/") + 1),  # keys compare as bytes
        "begin": begin,
        "end": end,
    }
    rows = connection.execute(_OF_CHARGER, names)
    return _subject(f"charger {charger.key}", charger.tenant, [position for (position,) in rows])


def _subject(words: str, tenant: str, positions: list[int]) -> Subject:
    if not positions:
        raise NothingToExport(words)
    return Subject(words, tenant, tuple(positions))


def make_bundle(
    connection: Connection[Any],
    subject: Subject,
    origin_tenant: str,
    keys: Sequence[NoteKey],
    signers: Sequence[Signer],
    occasion: Occasion,
    mapper: EventMapper,
    extra: Mapping[str, bytes],
) -> Bundle:
    """The archive; `connection` is at rest. `keys` are those of the log, `extra` further files.

    Raises NoCheckpoint, LogRewritten, NotInTheTree, TreeBehind.
    """
    tree = Tree(connection)
    rows = rows_at(connection, subject.positions)
    leaves = [tree.index_of(row.position) for row in rows]
    published = checkpoints(connection, origin_tenant)
    covers = covering(published, leaves[-1] + 1)
    if covers is None:
        raise NoCheckpoint
    size = covers.fact.size
    if tree.root(size).hex() != covers.fact.root:  # no proof would hold
        raise LogRewritten(f"checkpoint over {size} events")
    events = [_entry(row, leaf, tree.inclusion(leaf, size)) for row, leaf in zip(rows, leaves, strict=True)]
    files = {
        "README.md": _readme(subject, covers, occasion, origin=covers.fact.origin).encode(),
        "events.jsonl": "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events).encode(),
        "story.txt": _story(rows, mapper).encode("utf-8", "backslashreplace"),
        "checkpoint.txt": covers.fact.note.encode(),
        VERIFIER: Path(verify_bundle.__file__).read_bytes(),
        **_newer(tree, published, covers),
        **extra,
    }
    streams = _streams(rows)
    manifest = {
        "format": verify_bundle.FORMAT,
        "subject": subject.words,
        "tenant": subject.tenant,
        "made_at": occasion.at.astimezone(UTC).isoformat(timespec="seconds"),
        "made_by": occasion.by,
        "purpose": occasion.purpose,
        "origin": covers.fact.origin,
        "keys": [key.encoded for key in keys],
        "events": len(rows),
        "streams": streams,
        "whole": bool(subject.streams),
        "files": {name: sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    digest = sha256(files["manifest.json"]).hexdigest()
    files["manifest.note"] = str(signed(f"{verify_bundle.FORMAT}\n{digest}\n", signers)).encode()
    archive = verify_bundle.archive(files)
    fact = BundleExported(
        subject=subject.words,
        streams=tuple(streams),
        events=len(rows),
        first_position=rows[0].position,
        last_position=rows[-1].position,
        checkpoint_size=size,
        sha256=sha256(archive).hexdigest(),
        purpose=occasion.purpose,
    )
    return Bundle(archive, fact)


def _newer(tree: Tree, published: Sequence[Published], covers: Published) -> dict[str, bytes]:
    """The newest checkpoint, where it is not the one the proofs lead to, and that it continues that one."""
    newest = published[0].fact
    if newest.size == covers.fact.size:
        return {}
    proof = [base64.b64encode(one).decode() for one in tree.consistency(covers.fact.size, newest.size)]
    words = {"old_size": covers.fact.size, "new_size": newest.size, "proof": proof}
    return {"newer-checkpoint.txt": newest.note.encode(), "consistency.json": json.dumps(words).encode()}


def _entry(row: StoredRow, leaf: int, proof: list[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "position": row.position,
        "leaf": leaf,
        "stream": row.stream,
        "version": row.version,
        "topic": row.topic,
        "recorded_us": row.recorded_us,
    }
    try:
        found["state"] = row.state.decode()
    except UnicodeDecodeError:
        found["state_base64"] = base64.b64encode(row.state).decode()
    found["proof"] = [base64.b64encode(one).decode() for one in proof]
    return found


def _streams(rows: Sequence[StoredRow]) -> dict[str, dict[str, int]]:
    """Stream → its first and last version of which there are events."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        one = found.setdefault(row.stream, {"first": row.version, "last": row.version})
        one["last"] = row.version
    return found


def _story(rows: Sequence[StoredRow], mapper: EventMapper) -> str:
    """What happened in words, and the very frames: `<` from the charger, `>` from us."""
    lines: list[str] = []
    for row in rows:
        at = datetime.fromtimestamp(row.recorded_us / 1e6, UTC).isoformat(sep=" ", timespec="milliseconds")
        head = f"#{row.position} {at[:-6]}Z {row.stream}@{row.version}"
        try:
            event = mapper.to_domain_event(StoredEvent(row.stream, row.version, row.topic, row.state))
            lines.append(f"{head}\n  {sentence(event)}")
        except (UnreadableEvent, NoSentence) as error:
            lines.append(f"{head}\n  {row.topic}: {error}")
            continue
        there, back = ("<", ">") if event.told.actor == "charger" else (">", "<")
        if event.told.frame is not None:
            lines.append(f"  {there} {event.told.frame}")
        if event.told.reply is not None:
            lines.append(f"  {back} {event.told.reply}")
    return "\n".join(lines) + "\n"


def _readme(subject: Subject, covers: Published, occasion: Occasion, *, origin: str) -> str:
    purpose = f", for: {occasion.purpose}" if occasion.purpose else ""
    beginning = ", and each stream stands here from its beginning" if subject.streams else ""
    return f"""# {subject.words}

Exported from the event log `{origin}` (tenant {subject.tenant}) at {occasion.at:%Y-%m-%d %H:%M:%S} UTC by
{occasion.by}{purpose}.

| file | is |
|---|---|
| `story.txt` | what happened, in words, with the frames of the charger; for reading |
| `events.jsonl` | the events as they are stored, each with the proof that it is in the log |
| `checkpoint.txt` | the signed size and root of the log when it had {covers.fact.size} events |
| `newer-checkpoint.txt`, `consistency.json` | a later one, and the proof that the log only grew in between |
| `meter-values.json`, `transparency.xml` | signed meter values as received, if there are any |
| `manifest.json`, `manifest.note` | what belongs to this bundle, and the signature over that |
| `{VERIFIER}` | checks all of it; needs Python and nothing else |

Check it with `python3 {VERIFIER}` and the name of this bundle. Take the program from elsewhere if you do not trust
whoever gave you the bundle; it is part of Zeus. Compare the fingerprint of the key with the one you were told by
another way, and the checkpoint with one you have from another time or place: the log cannot fit both and have been
changed.

What it proves: these events stood in the log, in this order and with these bytes, when the checkpoint was made, and
nothing between the first and the last version of each stream is left out{beginning}. What it does not prove: that a
charger told the truth (the signed meter values do that for energy), and that there was nothing after the last version,
for which the signature of the exporter stands.
"""
