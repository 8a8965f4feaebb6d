"""The rows about tamper evidence."""

from adapters.http.access import Right
from adapters.http.api import audit
from adapters.http.route import READING, Page, Route

AUDIT_ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/audit/checkpoints",
        summary="Signed checkpoints of the log",
        handler=audit.list_checkpoints,
        query=audit.CheckpointsQuery,
        response=Page[audit.CheckpointLine],
        right=Right.AUDIT,
        whole=True,
        errors=READING,
        key=tuple[int],
    ),
    Route(
        method="GET",
        path="/audit/proof",
        summary="Proof that an event is in the log",
        handler=audit.prove_inclusion,
        query=audit.ProofQuery,
        response=audit.InclusionProof,
        right=Right.AUDIT,
        whole=True,
        errors=("not_found", *READING),
    ),
    Route(
        method="GET",
        path="/audit/consistency",
        summary="Proof that the log only grew between two checkpoints",
        handler=audit.prove_consistency,
        query=audit.ConsistencyQuery,
        response=audit.ConsistencyProof,
        right=Right.AUDIT,
        whole=True,
        errors=READING,
    ),
)
"""Checkpoints and proofs."""
