"""Places in the log as a tenant may see them: one place is one text, and nothing can be told from two of them.

The log is one for all tenants. A plain number, or the gap between two, would tell how much the others do (SEC-25).
"""

from base64 import b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BLOCK = 16
_ZEROS = bytes(8)
_SIGNS = 22
"""Of a block in base64."""


class PositionUnreadable(ValueError):
    """This text is no place in the log for this tenant: it was made up, or is another's."""


class Positions:
    """Hides places and finds them again.

    A place is one block of AES under a key of its tenant's: eight bytes of the place, eight of zero. A block that
    was made up or is another tenant's has no zeros there, but for one in 2⁶⁴.
    """

    def __init__(self, secret: bytes) -> None:
        """`secret` must be the same for all processes of an installation, and outlast restarts."""
        self._secret = secret
        self._ciphers: dict[str, Cipher[ECB]] = {}

    def hide(self, tenant: str, position: int) -> str:
        """22 signs that are safe in a URL and a header; always the same for the same place."""
        encryptor = self._cipher(tenant).encryptor()
        block = encryptor.update(position.to_bytes(8) + _ZEROS) + encryptor.finalize()
        return urlsafe_b64encode(block).decode().rstrip("=")

    def find(self, tenant: str, text: str) -> int:
        """The place. Raises PositionUnreadable."""
        if len(text) != _SIGNS:
            raise PositionUnreadable
        try:
            block = b64decode(text + "==", altchars=b"-_", validate=True)
        except ValueError as error:
            raise PositionUnreadable from error
        decryptor = self._cipher(tenant).decryptor()
        plain = decryptor.update(block) + decryptor.finalize()
        if (
            len(block) != _BLOCK
            or plain[8:] != _ZEROS
            or self.hide(tenant, int.from_bytes(plain[:8])) != text
        ):
            raise PositionUnreadable
        return int.from_bytes(plain[:8])

    def _cipher(self, tenant: str) -> Cipher[ECB]:
        """One block at a time, so that there is nothing for a mode to chain."""
        known = self._ciphers.get(tenant)
        if known is None:
            info = b"zeus log position\0" + tenant.encode()
            key = HKDF(SHA256(), 32, salt=None, info=info).derive(self._secret)
            known = self._ciphers[tenant] = Cipher(AES256(key), ECB())  # noqa: S305 - one block, never two
        return known
