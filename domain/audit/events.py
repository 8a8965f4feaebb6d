"""Facts of tamper evidence: which keys sign, what was signed and where it went, what auditors took with them."""

from domain.event import Fact


class KeyAdopted(Fact, frozen=True, kw_only=True):
    """A key signs checkpoints from now on, beside those that do already."""

    TOPIC = "audit.key_adopted"
    key: str
    """The verifier key, `<name>+<hash>+<key>`: all that is needed to check signatures."""


class KeyRetired(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A key signs no more; what it signed stays good."""

    TOPIC = "audit.key_retired"
    key_id: str
    """`<name>+<hash>`."""
    reason: str = ""


class CheckpointPublished(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Size and root of the tree over the log were signed and given away."""

    TOPIC = "audit.checkpoint_published"
    origin: str
    size: int
    """So many events are under the root; this very event is not."""
    root: str
    """Hex."""
    note: str
    """The signed note, as published."""
    published: tuple[str, ...] = ()
    """Where it went."""
    failed: tuple[str, ...] = ()
    """Where it could not be given to; the next one says all this one does."""


class BundleExported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody took events with their proofs out of the house."""

    TOPIC = "audit.bundle_exported"
    subject: str
    """What it is about: `session <id>` or `charger <CPID>`."""
    streams: tuple[str, ...]
    events: int
    first_position: int
    last_position: int
    checkpoint_size: int
    sha256: str
    """Hex, of the bundle."""
    purpose: str = ""
