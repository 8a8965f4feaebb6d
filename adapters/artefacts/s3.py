"""Blobs as objects of an S3-compatible store; boto3 blocks, so that it runs in threads."""

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from application.blobs import PIECE, Blob, BlobError, BlobMissing, BlobStoreUnavailable, Measure, checked

log = logging.getLogger("zeus.artefacts")

T = TypeVar("T")
PART = 8 * 1024 * 1024
"""Bytes of a part; S3 wants 5 MiB at least, and 10,000 parts at most: 80 GiB."""
THREADS = 8
"""Of its own: a bucket that is slow must not hold up those who read the database."""
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class S3ExtraMissing(RuntimeError):
    """Artefacts in S3 need boto3: install it with `pip install 'zeus-csms[s3]'`, or unset ZEUS_ARTEFACTS_BUCKET."""


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Which bucket, and where. Credentials come from where boto3 looks for them (`AWS_ACCESS_KEY_ID` …)."""

    bucket: str
    endpoint: str | None = None
    """Unset: Amazon's own."""
    region: str | None = None
    prefix: str = ""
    """Put before each key, such as `zeus/`."""


class S3:
    """A blob store in a bucket. An upload is an object only when its last part is confirmed."""

    def __init__(self, settings: S3Settings) -> None:
        """Opens no connection yet. Raises S3ExtraMissing."""
        self._bucket = settings.bucket
        self._prefix = settings.prefix
        self._threads = ThreadPoolExecutor(THREADS, "s3")
        try:
            boto3, config, errors = (
                importlib.import_module(name) for name in ("boto3", "botocore.config", "botocore.exceptions")
            )
        except ModuleNotFoundError as error:
            raise S3ExtraMissing(str(S3ExtraMissing.__doc__)) from error
        self._refused: type[Exception] = errors.ClientError
        self._errors: tuple[type[Exception], ...] = (errors.BotoCoreError, OSError)
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            config=config.Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "max_attempts": 4},
                # Stores that only resemble S3 know neither names of buckets as hosts nor the newer checksums.
                s3={"addressing_style": "path"} if settings.endpoint else {},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    async def write(self, blob: str, chunks: AsyncIterable[bytes], max_bytes: int) -> Blob:
        """See the port. What is smaller than a part goes as one object."""
        measure, upload = Measure(max_bytes), _Upload(self, self._place(blob))
        try:
            async for chunk in chunks:
                measure.add(chunk)
                await upload.add(chunk)
            await upload.finish()
        except BaseException:  # cancelled too: parts of a broken-off upload cost money until they are removed
            await upload.abort()
            raise
        return measure.result()

    async def read(
        self, blob: str, offset: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See the port."""
        if length is not None and length <= 0:
            return
        last = "" if length is None else offset + length - 1
        span = {} if length is None and not offset else {"Range": f"bytes={offset}-{last}"}
        place = self._place(blob)
        answer = await self.call(lambda: self._client.get_object(**place, **span))
        body = answer["Body"]
        try:
            while piece := await self.call(lambda: body.read(PIECE)):
                yield piece
        finally:
            body.close()

    async def size(self, blob: str) -> int | None:
        """See the port."""
        place = self._place(blob)
        try:
            answer = await self.call(lambda: self._client.head_object(**place))
        except BlobMissing:
            return None
        return int(answer["ContentLength"])

    async def delete(self, blob: str) -> None:
        """See the port."""
        place = self._place(blob)
        await self.call(lambda: self._client.delete_object(**place))

    async def close(self) -> None:
        """Let go of connections."""
        await self.call(self._client.close)
        self._threads.shutdown(wait=False)

    async def call(self, work: Callable[[], T]) -> T:
        """One call in a thread, its errors in our words. Waited for even when the task is cancelled."""
        task = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise
        except self._refused as error:
            code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise BlobMissing(code) from error
            raise BlobStoreUnavailable(f"S3 answered {code}") from error
        except self._errors as error:
            raise BlobStoreUnavailable(f"S3 cannot be reached: {type(error).__name__}") from error

    @property
    def client(self) -> Any:
        """The boto3 client."""
        return self._client

    def _place(self, blob: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked(blob)}


class _Upload:
    """One object on its way, in parts from the second part's worth of bytes on."""

    def __init__(self, store: S3, place: dict[str, str]) -> None:
        self._store = store
        self._place = place
        self._waiting = bytearray()
        self._id = ""
        self._parts: list[dict[str, Any]] = []

    async def add(self, chunk: bytes) -> None:
        """Take a chunk; full parts leave."""
        self._waiting += chunk
        while len(self._waiting) > PART:
            await self._send(bytes(self._waiting[:PART]))
            del self._waiting[:PART]

    async def finish(self) -> None:
        """Send the rest, and make the object visible."""
        body, client = bytes(self._waiting), self._store.client
        if not self._id:
            await self._store.call(lambda: client.put_object(**self._place, Body=body))
            return
        await self._send(body)
        parts = {"Parts": self._parts}
        await self._store.call(
            lambda: client.complete_multipart_upload(**self._place, UploadId=self._id, MultipartUpload=parts)
        )

    async def abort(self) -> None:
        """Have the parts removed."""
        if not self._id:
            return
        client = self._store.client
        try:
            await self._store.call(lambda: client.abort_multipart_upload(**self._place, UploadId=self._id))
        except BlobError as error:
            log.warning(
                "parts of the broken-off upload of %s stay in the bucket: %s", self._place["Key"], error
            )

    async def _send(self, body: bytes) -> None:
        client, number = self._store.client, len(self._parts) + 1
        if not self._id:
            begun = await self._store.call(lambda: client.create_multipart_upload(**self._place))
            self._id = begun["UploadId"]
        answer = await self._store.call(
            lambda: client.upload_part(**self._place, UploadId=self._id, PartNumber=number, Body=body)
        )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
