"""A checkpoint (C2SP tlog-checkpoint): the size and the root of the tree, under the name of the log."""

import base64
import binascii
from typing import NamedTuple

from domain.audit.merkle import HASH_SIZE
from domain.audit.notes import NoteUnreadable


class Checkpoint(NamedTuple):
    """What is signed: whoever has it can tell later whether the first `size` events are still the same."""

    origin: str
    """The log's name, the same for ever."""
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text of the note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The text of a note as a checkpoint; further lines are for others. Raises NoteUnreadable."""
    try:
        origin, size, root, *_ = text.split("\n")
        found = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except (ValueError, binascii.Error) as error:
        raise NoteUnreadable("a checkpoint is three lines: a name, a number, a hash") from error
    if not origin or found.size < 0 or size != str(found.size) or len(found.root) != HASH_SIZE:
        raise NoteUnreadable("a checkpoint is three lines: a name, a number, a hash")
    return found
