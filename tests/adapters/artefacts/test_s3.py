"""The blob store in a bucket: the contract, spoken over a socket by boto3."""

import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.artefacts.s3 import S3, S3ExtraMissing, S3Settings
from application.blobs import BlobStoreUnavailable
from application.clock import time_ordered_id
from tests.contracts.blob_store import BlobStoreContract, Kept, pieces, read
from tests.fakes.s3_endpoint import S3Endpoint, s3_endpoint


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Endpoint]:
    """An empty store, and credentials where boto3 looks for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with s3_endpoint() as server:
        yield server


@pytest.fixture
async def blobs(endpoint: S3Endpoint) -> AsyncIterator[S3]:
    """Empty."""
    store = S3(S3Settings(bucket="depot", endpoint=endpoint.url, region="eu-west-1", prefix="zeus/"))
    yield store
    await store.close()


class TestS3(BlobStoreContract):
    """The contract."""

    @pytest.fixture
    def kept(self, endpoint: S3Endpoint) -> Kept:
        """Objects, and parts that somebody would have to pay for."""
        return lambda: [
            *endpoint.objects.values(),
            *(b"".join(parts.values()) for parts in endpoint.uploads.values()),
        ]


async def test_keys_are_below_the_prefix(blobs: S3, endpoint: S3Endpoint) -> None:
    blob = time_ordered_id()
    await blobs.write(blob, pieces(b"x"), 1)
    assert list(endpoint.objects) == [f"/depot/zeus/{blob}"]


async def test_a_store_that_refuses_or_is_away_is_told(blobs: S3, endpoint: S3Endpoint) -> None:
    endpoint.refusing = True
    with pytest.raises(BlobStoreUnavailable, match="AccessDenied"):
        await blobs.write(time_ordered_id(), pieces(b"x"), 1)
    with pytest.raises(BlobStoreUnavailable):
        await read(blobs, time_ordered_id())
    away = S3(S3Settings(bucket="depot", endpoint="http://127.0.0.1:1", region="eu-west-1"))
    with pytest.raises(BlobStoreUnavailable, match="reached"):
        await away.size(time_ordered_id())
    await away.close()


def test_without_boto3_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(S3ExtraMissing, match=r"zeus-csms\[s3\]"):
        S3(S3Settings(bucket="depot"))
