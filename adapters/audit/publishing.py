"""Where checkpoints are given to: a directory that others collect from, an address that takes them."""

import os
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

from application.audit import NotPublished
from domain.audit.checkpoint import Checkpoint

TIMEOUT_S = 10
CONTENT_TYPE = "text/plain; charset=utf-8"


class DirectoryPlace:
    """A file for each checkpoint, `checkpoint-<size>.txt`, and the newest once more as `checkpoint.txt`.

    Point it at what others keep: a mount that takes files and gives none back, a git checkout that is pushed.
    """

    def __init__(self, directory: Path) -> None:
        self.name = str(directory)
        self._directory = directory

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        """See the port; a file that is there already is never written over."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._once(self._directory / f"checkpoint-{checkpoint.size:012d}.txt", note)
            self._replace(self._directory / "checkpoint.txt", note)
        except OSError as error:
            raise NotPublished(error.strerror or str(error)) from error

    def _once(self, path: Path, note: str) -> None:
        try:
            with path.open("x") as file:
                self._write(file.fileno(), note)
        except FileExistsError:
            if path.read_text() != note:  # signed by another key, or of another log
                other = sha256(note.encode()).hexdigest()[:8]
                self._replace(path.with_name(f"{path.stem}-{other}.txt"), note)

    def _replace(self, path: Path, note: str) -> None:
        new = path.with_suffix(".new")
        with new.open("w") as file:
            self._write(file.fileno(), note)
        new.replace(path)

    @staticmethod
    def _write(file: int, note: str) -> None:
        os.write(file, note.encode())
        os.fsync(file)


class WebhookPlace:
    """An address that the note is sent to (POST, text/plain): a timestamping service, a mailbox, a witness."""

    def __init__(self, url: str) -> None:
        self.name = url.partition("?")[0]
        self._url = url

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        """See the port; any answer but 2xx is none."""
        request = urllib.request.Request(  # noqa: S310 - the settings allow http and https alone
            self._url, note.encode(), {"Content-Type": CONTENT_TYPE}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - as above
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise NotPublished(f"answered {error.code}") from error
        except OSError as error:
            raise NotPublished(str(error)) from error
