"""Entity tags: made of an answer, compared for `If-None-Match` (reading) and `If-Match` (changing)."""

import re
from hashlib import sha256

import msgspec

from adapters.http.problems import Problem, malformed
from adapters.http.route import Shape

_TAG = re.compile(r'"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION = re.compile(r"v([0-9]{1,18})(?:\.[0-9a-f]+)?")


def tag_of(body: bytes, version: int | None) -> str:
    """A strong tag. Where the thing has a version of its own the tag begins with it: `"v7.<hash>"`.

    The whole of it changes with every byte of the answer, such as a heartbeat's time; who changes the thing
    cares for the version alone.
    """
    digest = sha256(body).hexdigest()[:32]
    return f'"{digest}"' if version is None else f'"v{version}.{digest}"'


def version_of(shape: Shape, field: str) -> int | None:
    """The version a shape carries in the field that its row names; None where the row names none."""
    found = getattr(shape, field) if field else None
    return int(found) if found is not None else None


def unchanged(header: str, tag: str) -> bool:
    """`If-None-Match`: weak comparison (RFC 9110 §13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in tags or tag in tags


class IfMatch(msgspec.Struct, frozen=True):
    """The versions a client would change; others it has not seen."""

    versions: frozenset[int]
    anything: bool = False
    """`*`: whatever version there is."""

    def check(self, version: int) -> None:
        """Raises a 409 Problem where the thing has another version by now."""
        if not self.anything and version not in self.versions:
            detail = "It was changed since you read it: read it again, then decide again."
            raise Problem("version_conflict", detail)


def read_if_match(header: str) -> IfMatch:
    """`If-Match` as versions. Raises a 400 Problem for weak tags, which cannot be
    compared strongly as RFC 9110 §13.1.1 demands. A tag that is not of ours matches nothing."""
    if header.strip() == "*":
        return IfMatch(frozenset(), anything=True)
    versions = set()
    for part in header.split(","):
        tag = _TAG.fullmatch(part.strip())
        if tag is None:
            raise malformed("If-Match", 'Not a strong entity tag in quotes, such as `"v7"`, and not `*`.')
        if found := _VERSION.fullmatch(tag[1]):
            versions.add(int(found[1]))
    return IfMatch(frozenset(versions))
