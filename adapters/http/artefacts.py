"""`/artefacts/{token}`: where chargers fetch firmware and leave their logs, with a signed URL and nothing else."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.http.file_answer import PATIENCE_S, FileAnswer
from adapters.http.problems import Problem, method_not_allowed, not_found
from adapters.http.remote import remote_of
from adapters.http.uploads import (
    Upload,
    UploadBrokenOff,
    UploadStalled,
    UploadUnreadable,
    allowed_bytes,
    announced_bytes,
)
from application.artefacts import PATH, ArtefactEmpty, Artefacts, Slot
from application.blobs import BlobError, BlobTooLarge
from application.ports import StoreUnavailable, VersionConflict
from domain.artefacts.artefact import ArtefactUnknown, LinkUnusable

log = logging.getLogger("zeus.artefacts")

PATTERN = f"{PATH}/{{token}}"
MOST_UPLOADS = 64
"""Uploads at once in one process; the next one is told to come again."""
_ALLOWED = "GET, HEAD, OPTIONS, POST, PUT"
_HANG_UP = {"Connection": "close"}
"""What is refused is not read: without this the server would have to swallow it to find the next request."""


def artefact_routes(
    behind: Callable[[str], Artefacts],
    *,
    trusted_proxies: Collection[str] = (),
    patience_s: float = PATIENCE_S,
    most_uploads: int = MOST_UPLOADS,
) -> list[BaseRoute]:
    """The routes for chargers: a name may follow the token, since chargers name files after URLs and append names.

    `behind` finds the artefacts that a token leads to; it may raise LinkUnusable.
    """
    door = ChargerDoor(behind, trusted_proxies, patience_s, most_uploads)
    return [StarletteRoute(PATTERN, door), StarletteRoute(f"{PATTERN}/{{name:path}}", door)]


class ChargerDoor:
    """Downloads by GET and HEAD, uploads by PUT and POST. A link that does not open is always the same 404."""

    def __init__(
        self,
        behind: Callable[[str], Artefacts],
        trusted_proxies: Collection[str],
        patience_s: float,
        most_uploads: int,
    ) -> None:
        self._behind = behind
        self._trusted = trusted_proxies
        self._patience_s = patience_s
        self._free = most_uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; its path is a secret and reaches no log."""
        scope["zeus.route"] = scope["zeus.shown_path"] = PATTERN
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": _ALLOWED})
        if request.method in ("GET", "HEAD"):
            token = request.path_params["token"]
            with told_as_problems():
                artefacts = self._behind(token)
                content = await artefacts.open_download(token)
            remote = remote_of(request, self._trusted)
            return FileAnswer(artefacts, content, remote=remote, patience_s=self._patience_s)
        if request.method in ("PUT", "POST"):
            with told_as_problems(_HANG_UP):
                return await self._take(request)
        raise method_not_allowed(_ALLOWED)

    async def _take(self, request: Request) -> Response:
        token = request.path_params["token"]
        artefacts = self._behind(token)
        slot = await artefacts.open_upload(token)
        if (announced_bytes(request) or 0) > allowed_bytes(request, slot.max_bytes):
            raise _too_large(slot)
        if not self._free:
            raise Problem("overloaded", "Too many uploads at once; come again.", headers=_HANG_UP)
        self._free -= 1
        try:
            await self._keep(artefacts, slot, Upload(request, self._patience_s), request)
        finally:
            self._free += 1
        return Response(status_code=201, headers={"Cache-Control": "no-store"})

    async def _keep(self, artefacts: Artefacts, slot: Slot, upload: Upload, request: Request) -> None:
        path = request.path_params.get("name", "")
        try:
            await artefacts.take_upload(
                slot, upload, name=lambda: upload.name(path), remote=remote_of(request, self._trusted)
            )
        except BlobTooLarge as error:
            raise _too_large(slot) from error


@contextmanager
def told_as_problems(headers: dict[str, str] | None = None) -> Iterator[None]:
    """What can go wrong with an artefact, as the client is told it."""
    try:
        yield
    except (LinkUnusable, ArtefactUnknown) as error:
        problem = not_found()
        problem.headers.update(headers or {})
        raise problem from error
    except (StoreUnavailable, VersionConflict) as error:
        raise Problem("database_unavailable", "Come again.", headers=headers) from error
    except BlobTooLarge as error:
        raise Problem("too_large", "It is larger than allowed.", headers=headers) from error
    except BlobError as error:
        log.error("%s: %s", type(error).__name__, error)
        raise Problem("storage_unavailable", "Come again.", headers=headers) from error
    except ArtefactEmpty as error:
        raise Problem("malformed", "There was not a single byte.", headers=headers) from error
    except UploadUnreadable as error:
        raise Problem("malformed", f"{error}.", headers=headers) from error
    except (UploadStalled, UploadBrokenOff) as error:
        raise Problem("stalled", "Nothing came any more.", headers=headers) from error


def _too_large(slot: Slot) -> Problem:
    log.warning("charger %s wanted to upload more than the %d bytes allowed", slot.charger, slot.max_bytes)
    return Problem("too_large", f"At most {slot.max_bytes} bytes are taken.", headers=_HANG_UP)
