"""The bytes of a request as they come: raw, or the first file of a form. Nothing is ever held whole."""

import asyncio
from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.types import Receive

FORM_OVERHEAD = 64 * 1024
"""Bytes of a form beside its file: other fields, headers, boundaries."""


class UploadBrokenOff(Exception):
    """The client went away before all had come."""


class UploadStalled(Exception):
    """The client sent nothing for too long."""


class UploadUnreadable(ValueError):
    """The form cannot be read, or has no file in it; the message says which."""


class Upload:
    """What a PUT or POST brings: the whole body, or of `multipart/form-data` the first part with a file name."""

    def __init__(self, request: Request, patience_s: float) -> None:
        """Raises UploadUnreadable."""
        self._receive = request.receive
        self._patience_s = patience_s
        kind, options = parse_options_header(request.headers.get("content-type"))
        self._form: _Form | None = None
        if request.method == "POST" and kind == b"multipart/form-data":
            self._form = _Form(options.get(b"boundary", b""))
        disposition = parse_options_header(request.headers.get("content-disposition"))[1]
        self._header_name = _text(disposition.get(b"filename", b""))

    def name(self, path: str = "") -> str:
        """What the file is called: in the form, at the end of the URL, in the header, or nowhere."""
        return (self._form.name if self._form else "") or path.strip("/") or self._header_name

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks. Raises UploadBrokenOff, UploadStalled, UploadUnreadable."""
        form = self._form
        async for chunk in _body(self._receive, self._patience_s):
            if form is None:
                yield chunk
            elif found := form.feed(chunk):
                yield found
        if form is not None:
            form.finish()


def announced_bytes(request: Request) -> int | None:
    """`Content-Length`; None where it is not told (chunked)."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


def allowed_bytes(request: Request, max_bytes: int) -> int:
    """How long the body may be for a file of so many bytes."""
    return max_bytes + (FORM_OVERHEAD if request.method == "POST" else 0)


async def _body(receive: Receive, patience_s: float) -> AsyncIterator[bytes]:
    more = True
    while more:
        try:
            async with asyncio.timeout(patience_s):
                message = await receive()
        except TimeoutError as error:
            raise UploadStalled from error
        if message["type"] == "http.disconnect":
            raise UploadBrokenOff
        more = message.get("more_body", False)
        if body := message.get("body", b""):
            yield body


class _Form:
    """`multipart/form-data` (RFC 7578), fed in chunks."""

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise UploadUnreadable("the form names no boundary")
        self.name = ""
        self._found = bytearray()
        self._taking = self._taken = False
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._beside = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._begin,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                },
            )
        except FormParserError as error:
            raise UploadUnreadable(str(error)) from error

    def feed(self, chunk: bytes) -> bytes:
        """The bytes of the file in it."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise UploadUnreadable(str(error)) from error
        found = bytes(self._found)
        self._found.clear()
        self._beside += len(chunk) - len(found)
        if self._beside > FORM_OVERHEAD:
            raise UploadUnreadable("the form holds too much beside its file")
        return found

    def finish(self) -> None:
        """The body has ended. That the last boundary lacks its dashes is forgiven, a file cut short is not."""
        if not self._taken or self._taking:
            raise UploadUnreadable(
                "the form ended within its file" if self._taken else "the form has no file"
            )

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _begin(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        options = parse_options_header(disposition)[1]
        if not self._taken and b"filename" in options:
            self.name, self._taking, self._taken = _text(options[b"filename"]), True, True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._taking:
            self._found += data[start:end]

    def _end(self) -> None:
        self._taking = False


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
