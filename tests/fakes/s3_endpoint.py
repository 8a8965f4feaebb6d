"""As much of S3's REST protocol as blobs need, in memory, over a real socket, checked as S3 checks it."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LEAST_PART = 5 * 1024 * 1024
_NUMBER = re.compile(rb"<PartNumber>(\d+)</PartNumber>")
_TAG = re.compile(rb"<ETag>([^<]+)</ETag>")


class S3Endpoint(ThreadingHTTPServer):
    """`objects` by `/bucket/key`; `uploads` that are begun, each with its parts by number."""

    daemon_threads = True

    def __init__(self) -> None:
        """On a port of the system's choice; `url` says which."""
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.refusing = False
        """Answer everything with AccessDenied."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def s3_endpoint() -> Iterator[S3Endpoint]:
    """Served by a thread."""
    server = S3Endpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def etag(body: bytes) -> str:
    """As S3 makes it for simple objects."""
    return f'"{hashlib.md5(body).hexdigest()}"'  # noqa: S324


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Endpoint

    def parse_request(self) -> bool:
        good = super().parse_request()
        if good:
            parts = urlsplit(self.path)
            self.key, self.query = parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))
        return good

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._refused():
            return
        if "partNumber" in self.query:
            upload = self.server.uploads.get(self.query["uploadId"])
            if upload is None:
                self._error(404, "NoSuchUpload")
                return
            upload[int(self.query["partNumber"])] = body
        else:
            self.server.objects[self.key] = body
        self._answer(200, headers={"ETag": etag(body)})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self._refused():
            return
        if "uploads" in self.query:
            name = f"upload-{len(self.server.uploads)}-{self.key}"
            self.server.uploads[name] = {}
            self._answer(200, f"<R><UploadId>{name}</UploadId></R>".encode())
            return
        parts = self.server.uploads.pop(self.query["uploadId"])
        wanted = zip(map(int, _NUMBER.findall(body)), _TAG.findall(body), strict=True)
        tags = {number: tag.decode().replace("&quot;", '"') for number, tag in wanted}
        sizes = [len(parts[number]) for number in sorted(tags)]
        right = all(etag(parts[number]) == tag for number, tag in tags.items())
        if not right or any(size < LEAST_PART for size in sizes[:-1]):
            self._error(400, "InvalidPart")
            return
        self.server.objects[self.key] = b"".join(parts[number] for number in sorted(tags))
        self._answer(200, b"<R><ETag>x</ETag></R>")

    def do_GET(self) -> None:
        self._send_object()

    def do_HEAD(self) -> None:
        self._send_object()

    def do_DELETE(self) -> None:
        if self._refused():
            return
        if "uploadId" in self.query:
            self.server.uploads.pop(self.query["uploadId"])
        else:
            self.server.objects.pop(self.key, None)
        self._answer(204)

    def _send_object(self) -> None:
        if self._refused():
            return
        body = self.server.objects.get(self.key)
        if body is None:
            self._error(404, "NoSuchKey")
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        if span is None:
            self._answer(200, body)
            return
        first, last = int(span[1]), min(int(span[2] or len(body)), len(body) - 1)
        if first >= len(body):
            self._error(416, "InvalidRange")
            return
        headers = {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
        self._answer(206, body[first : last + 1], headers)

    def _refused(self) -> bool:
        signed = self.headers["Authorization"] or ""
        if self.server.refusing or not signed.startswith("AWS4-HMAC-SHA256 "):
            self._error(403, "AccessDenied")
            return True
        return False

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""
