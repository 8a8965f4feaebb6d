"""A checkpoint of a test's log."""

from adapters.audit.audited_log import PostgresAuditedLog
from adapters.audit.signing import make_key
from application.audit import Checkpoints
from application.ports import EventStore
from domain.audit.events import CheckpointPublished

KEY = make_key("zeus.example/log")


async def publish_checkpoint(store: EventStore, dsn: str, tenant: str = "zeus") -> CheckpointPublished:
    """Signed by KEY, recorded, and given to nobody."""
    made = await Checkpoints(store, tenant, PostgresAuditedLog(dsn, tenant), [KEY.signer]).publish("user:ann")
    assert made is not None
    return made
