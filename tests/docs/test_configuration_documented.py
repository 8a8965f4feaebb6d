"""docs/configuration.md lists every setting with its default and its meaning, and no other."""

import re
from pathlib import Path

from entrypoints.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]*) \| (?P<meaning>.*) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    return {m["name"]: (m["default"].strip(" `"), m["meaning"]) for m in ROW.finditer(PAGE.read_text())}


def shown(default: object) -> str:
    if default is None:
        return "unset"
    if isinstance(default, tuple):
        return ",".join(default) or "empty"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_documented_as_it_is() -> None:
    expected = {
        "DATABASE_URL" if name == "database_url" else f"ZEUS_{name.upper()}": (
            shown(field.default),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    }
    assert rows() == expected
