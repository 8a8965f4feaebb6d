"""The rows about files: firmware for chargers, logs from them, and the store they lie in."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import artefacts, files
from adapters.http.api.command_routes import ASKING, SHOW
from adapters.http.api.commands import CommandShape
from adapters.http.api.control import PlainQuery
from adapters.http.route import READING, Link, Page, Route
from adapters.http.transfer import BYTES, FORM, Transfer

KEEPING = ("database_unavailable", "storage_unavailable")
"""Errors of every row that touches the files themselves."""

ARTEFACT_ROUTES: tuple[Route | Action | Transfer, ...] = (
    Action(
        method="POST",
        path="/chargers/{cpid}/firmware",
        summary="Have a charger fetch and install firmware",
        handler=files.update_firmware,
        query=PlainQuery,
        body=files.FirmwareBody,
        response=CommandShape,
        right=Right.ENGINEER,
        statuses=(200, 202),
        errors=("unsafe_url", *ASKING, *READING, *KEEPING),
        command=True,
        links=SHOW,
    ),
    Action(
        method="POST",
        path="/chargers/{cpid}/diagnostics",
        summary="Have a charger send a log",
        handler=files.get_diagnostics,
        query=PlainQuery,
        body=files.DiagnosticsBody,
        response=CommandShape,
        right=Right.OPERATE,
        statuses=(200, 202),
        errors=(*ASKING, *KEEPING),
        command=True,
        links=SHOW,
    ),
    Route(
        method="GET",
        path="/artefacts",
        summary="Firmware, and logs that chargers sent",
        handler=artefacts.list_artefacts,
        query=artefacts.ArtefactsQuery,
        response=Page[artefacts.Artefact],
        errors=READING,
        key=tuple[str],
        links=(Link("artefact", "one_artefact", {"id": "$response.body#/items/0/id"}),),
    ),
    Transfer(
        method="POST",
        path="/artefacts",
        summary="Bring a firmware",
        handler=artefacts.store_firmware,
        query=artefacts.UploadQuery,
        takes=(BYTES, FORM),
        response=artefacts.StoredFirmware,
        right=Right.ENGINEER,
        statuses=(201,),
        errors=("not_found", *STORING, *KEEPING),
        links=(Link("content", "artefact_content", {"id": "$response.body#/id"}),),
    ),
    Route(
        method="GET",
        path="/artefacts/{id}",
        summary="What is known of a file",
        handler=artefacts.one_artefact,
        query=PlainQuery,
        response=artefacts.Artefact,
        errors=("not_found", *READING),
        etag=True,
    ),
    Transfer(
        method="GET",
        path="/artefacts/{id}/content",
        summary="The file itself",
        handler=artefacts.artefact_content,
        query=PlainQuery,
        gives=(BYTES,),
        right=Right.OPERATE,
        statuses=(200, 206),
        errors=("not_found", "range", *STORING, *KEEPING),
    ),
    Action(
        method="DELETE",
        path="/artefacts/{id}",
        summary="Delete a file",
        handler=artefacts.withdraw_artefact,
        query=artefacts.WithdrawQuery,
        response=None,
        right=Right.CONFIGURE,
        statuses=(204,),
        errors=("not_found", *STORING, *KEEPING, *MUTATING),
    ),
)
"""Files."""
