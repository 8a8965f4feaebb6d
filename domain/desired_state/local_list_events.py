"""Facts about the list of tokens that a charger may accept by itself; on `local-list/<tenant>/<CPID>`."""

from domain.commands.drivers import ListEntry
from domain.event import Fact


class ListDesired(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody wants the charger to hold this list."""

    TOPIC = "local_list.desired"
    version: int
    """Above that of every list wanted before."""
    replaced: bool = False
    """`entries` are the whole list; else what changes against the one wanted before."""
    entries: tuple[ListEntry, ...] = ()
    """In a change, an entry with an empty status takes its token off the list."""
    size: int
    """How many tokens are on the list now."""


class ListReported(Fact, frozen=True):
    """The charger told the version of its list."""

    TOPIC = "local_list.reported"
    version: int
    """0: it has none; -1: it keeps no lists (1.6 errata 3.52)."""


class ListAccepted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger took a part of the list, which may be all of it."""

    TOPIC = "local_list.accepted"
    version: int
    """Of its list from now on; only the last part has the wanted one."""
    full: bool = False
    """Its former list was replaced; else changed."""
    entries: int
    """How many were sent in this part."""
    more: int = 0
    """So many parts are still to come."""
    expected: bool = True
    """It was the part that was next; else what the charger holds now is not known."""


class ListRefused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger did not take a part."""

    TOPIC = "local_list.refused"
    version: int
    status: str
    """`Failed`, `VersionMismatch`, `NotSupported`, or the code of its error."""
    full: bool = False


class ListUnanswered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A part, or the question for the version, may have left and led to nothing; its version is asked for again."""

    TOPIC = "local_list.unanswered"
    version: int = 0
    """Of the part; 0: the question for the version."""
    full: bool = False
    entries: int = 0
    expected: bool = True
    why: str = ""
    error: bool = False
    """The charger answered with an error (CALLERROR)."""


class ListGivenUp(Fact, frozen=True, kw_only=True):
    """The charger cannot hold this list; not tried again until another is wanted."""

    TOPIC = "local_list.given_up"
    version: int
    reason: str


class ListDoubted(Fact, frozen=True):
    """The charger restarted or was changed: whether it still has the list is to be asked."""

    TOPIC = "local_list.doubted"
    reason: str
