"""Artefacts for operators: bring a firmware, take an artefact home. Access is the caller's business."""

from starlette.requests import Request

from adapters.http.artefacts import told_as_problems
from adapters.http.file_answer import PATIENCE_S, FileAnswer
from adapters.http.problems import Fault, Problem, invalid
from adapters.http.uploads import Upload, allowed_bytes, announced_bytes
from application.artefacts import Artefacts, ChecksumMismatch, Content

_HANG_UP = {"Connection": "close"}


async def take_firmware(
    artefacts: Artefacts,
    request: Request,
    *,
    actor: str,
    name: str = "",
    sha256: str = "",
    cause: str = "",
    patience_s: float = PATIENCE_S,
) -> Content:
    """Store the body of a PUT or POST, raw or the first file of a form; `name` goes before the file's own.

    Raises Problem: 400, 408, 413, 422 (another checksum than `sha256`, in hex), 503.
    """
    limit = artefacts.firmware_bytes
    with told_as_problems(_HANG_UP):
        if (announced_bytes(request) or 0) > allowed_bytes(request, limit):
            raise Problem("too_large", f"At most {limit} bytes are taken.", headers=_HANG_UP)
        upload = Upload(request, patience_s)
        try:
            return await artefacts.store_firmware(
                upload, lambda: name or upload.name(), actor=actor, sha256=sha256, cause=cause
            )
        except ChecksumMismatch as error:
            raise invalid(Fault("sha256", f"{error}.")) from error


async def give_artefact(artefacts: Artefacts, artefact: str) -> FileAnswer:
    """The artefact as an ASGI answer with ranges; nothing is recorded. Raises Problem: 404, 503."""
    with told_as_problems():
        return FileAnswer(artefacts, await artefacts.read(artefact))


async def withdraw_artefact(
    artefacts: Artefacts, artefact: str, reason: str, *, actor: str, cause: str = ""
) -> None:
    """Delete its bytes. Raises Problem: 404, 503."""
    with told_as_problems():
        await artefacts.withdraw(artefact, reason, actor=actor, cause=cause)
