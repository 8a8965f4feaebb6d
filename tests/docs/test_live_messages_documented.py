"""docs/live.md lists every message with its sentence, and no other."""

import re
from pathlib import Path

from projections.live.types import ABOUT_THE_STREAM, TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "live.md").read_text()
ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \| (.*) \|$", re.MULTILINE)


def test_every_message_is_documented_with_its_sentence() -> None:
    assert dict(ROW.findall(PAGE)) == {**TYPES, **ABOUT_THE_STREAM}
