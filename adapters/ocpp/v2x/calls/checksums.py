"""The checksum that names a published firmware."""

import re

from adapters.ocpp.operation import CannotSay

_MD5 = re.compile(r"[0-9A-Fa-f]{32}")


def md5(checksum: str) -> str:
    """32 hex digits (2.x PublishFirmware: "the MD5 checksum over the entire firmware file")."""
    if not _MD5.fullmatch(checksum):
        raise CannotSay("The checksum is the MD5 of the file, in 32 hex digits.")
    return checksum
