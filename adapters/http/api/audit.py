"""`/audit`: checkpoints of the log, and proofs that an event is in it and that it only grew."""

import base64
from datetime import datetime
from typing import Any

from psycopg import Connection
from pydantic import Field

from adapters.audit.audited_log import checkpoint_tenant, checkpoints, covering
from adapters.audit.log_rows import rows_at
from adapters.audit.tiles import NotInTheTree, Tree, TreeBehind
from adapters.http.positions import PositionUnreadable
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.route import Asked, Page, PageQuery, Query, Shape
from domain.identity import tenant_of

LARGEST = (1 << 63) - 1


class CheckpointsQuery(PageQuery):
    """The newest first."""


class ProofQuery(Query):
    """Which event."""

    position: str = Field(
        min_length=1, max_length=40, description="`position` of a message, such as lists show it."
    )


class ConsistencyQuery(Query):
    """Which two trees."""

    since: int = Field(alias="from", ge=1, le=LARGEST, description="Events under the older checkpoint.")
    until: int = Field(alias="to", ge=1, le=LARGEST, description="Events under the newer one.")


class CheckpointLine(Shape):
    """What was signed and given away. The log is one for all tenants, and so are its checkpoints."""

    at: datetime
    position: str = Field(description="Where it stands in the log.")
    origin: str = Field(description="The log's name.")
    size: int = Field(description="So many events are under the root.")
    root: str = Field(description="Hex.")
    note: str = Field(description="The signed note (C2SP signed-note, tlog-checkpoint).")
    published: list[str]
    failed: list[str]


class InclusionProof(Shape):
    """An event of yours, and the hashes that lead from it to the root (RFC 9162 §2.1.3)."""

    position: str
    stream: str
    version: int
    leaf_index: int
    leaf_hash: str = Field(
        description="Base64. The bytes that are hashed are in a bundle of `zeus audit export`."
    )
    tree_size: int
    root: str = Field(description="Base64.")
    proof: list[str] = Field(description="Base64, from the leaf upwards.")
    note: str | None = Field(description="The checkpoint over `tree_size` events; null until there is one.")


class ConsistencyProof(Shape):
    """The hashes which show that the newer tree only added to the older one (RFC 9162 §2.1.4)."""

    old_size: int
    old_root: str = Field(description="Base64.")
    new_size: int
    new_root: str = Field(description="Base64.")
    proof: list[str] = Field(description="Base64.")


def list_checkpoints(asked: Asked[CheckpointsQuery]) -> Page[CheckpointLine]:
    """The same for every tenant: they hold no event, only how many there are and their hash."""
    connection, limit = _plain(asked), asked.query.limit
    before = asked.after[0] if asked.after else LARGEST
    found = checkpoints(connection, checkpoint_tenant(connection), before=before, limit=limit + 1)
    lines = [
        CheckpointLine(
            at=one.at,
            position=asked.hide(one.position),
            origin=one.fact.origin,
            size=one.fact.size,
            root=one.fact.root,
            note=one.fact.note,
            published=list(one.fact.published),
            failed=list(one.fact.failed),
        )
        for one in found[:limit]
    ]
    more = (found[limit - 1].version,) if len(found) > limit else None
    return Page[CheckpointLine](items=lines, next=asked.mark(more) if more else None)


def prove_inclusion(asked: Asked[ProofQuery]) -> InclusionProof | None:
    """Against the first checkpoint over the event; until there is one, against the tree as it is."""
    connection = _plain(asked)
    try:
        row = next(iter(rows_at(connection, [asked.find(asked.query.position)])), None)
    except PositionUnreadable:
        return None
    if row is None or tenant_of(row.stream) != asked.caller.tenant:
        return None
    tree = _tree(connection)
    try:
        index = tree.index_of(row.position)
    except NotInTheTree:
        return None
    covers = covering(checkpoints(connection, checkpoint_tenant(connection)), index + 1)
    size = covers.fact.size if covers else tree.size
    return InclusionProof(
        position=asked.query.position,
        stream=row.stream,
        version=row.version,
        leaf_index=index,
        leaf_hash=_text(tree.leaf(index)),
        tree_size=size,
        root=_text(tree.root(size)),
        proof=[_text(one) for one in tree.inclusion(index, size)],
        note=covers.fact.note if covers else None,
    )


def prove_consistency(asked: Asked[ConsistencyQuery]) -> ConsistencyProof:
    """Between any two sizes; those of checkpoints are what somebody can compare."""
    old, new = asked.query.since, asked.query.until
    if old > new:
        raise invalid(Fault("from", "The older tree is not the larger one."))
    tree = _tree(_plain(asked))
    try:
        proof = tree.consistency(old, new)
    except NotInTheTree:
        raise invalid(Fault("to", f"The log has {tree.size} events.")) from None
    return ConsistencyProof(
        old_size=old,
        old_root=_text(tree.root(old)),
        new_size=new,
        new_root=_text(tree.root(new)),
        proof=[_text(one) for one in proof],
    )


def _tree(connection: Connection[Any]) -> Tree:
    try:
        return Tree(connection)
    except TreeBehind:
        raise Problem("not_built", "The log is being sealed; try again in a moment.") from None


def _plain(asked: Asked[Any]) -> Connection[Any]:
    """The tree is no read model: it is read as it is kept."""
    connection: Connection[Any] = asked.connection.connection.driver_connection  # type: ignore[assignment]
    return connection


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
