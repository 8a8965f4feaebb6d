"""What people and machines may do: rights, and the roles that bundle them."""

from collections.abc import Mapping
from enum import StrEnum


class Right(StrEnum):
    """What a caller may do; a route names the one it wants."""

    READ = "read"
    """See chargers, sessions, messages and the files that are kept."""
    OPERATE = "operate"
    """Ask something of a charger: start, stop, reset, unlock, reserve, limit."""
    CONFIGURE = "configure"
    """Register chargers, issue their passwords, decide settings and lists."""
    ENGINEER = "engineer"
    """Send raw calls and new firmware."""
    AUDIT = "audit"
    """See who holds which credentials, and when they were used; checkpoints of the log and proofs of its events."""
    PERSONAL = "personal"
    """See what is sealed: frames as they were received, and all that is kept of a person; each look is recorded."""
    ADMINISTER = "administer"
    """Issue and revoke API tokens of one's own tenant."""
    PLATFORM = "platform"
    """See the installation as a whole: figures that are made of all tenants together."""


class Role(StrEnum):
    """What somebody is. The values are stored with tokens and never change."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    INSTALLER = "installer"
    ENGINEER = "engineer"
    TENANT_ADMIN = "tenant_admin"
    AUDITOR = "auditor"
    PLATFORM_ADMIN = "platform_admin"

    @property
    def rights(self) -> frozenset[Right]:
        """What the role may do."""
        return RIGHTS[self]


_READING = frozenset({Right.READ})
_OPERATING = _READING | {Right.OPERATE}
_CONFIGURING = _OPERATING | {Right.CONFIGURE}
_OF_A_TENANT = _CONFIGURING | {Right.ENGINEER, Right.AUDIT, Right.PERSONAL, Right.ADMINISTER}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: _READING,
    Role.OPERATOR: _OPERATING,
    # He makes a charger known, gives it its password and tries whether it starts and stops.
    Role.INSTALLER: _CONFIGURING,
    Role.ENGINEER: _CONFIGURING | {Right.ENGINEER, Right.PERSONAL},
    Role.TENANT_ADMIN: _OF_A_TENANT,
    Role.AUDITOR: _READING | {Right.AUDIT, Right.PERSONAL},
    Role.PLATFORM_ADMIN: frozenset(Right),
}
"""The rights of each role; docs/security.md shows the same table."""
