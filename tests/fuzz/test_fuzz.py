"""Made frames through a session: nothing raises, every CALL gets one answer, every frame is kept or counted."""

import pytest

from adapters.ocpp.versions import Version
from tests.fuzz.hunt import Hunt


@pytest.mark.parametrize("version", list(Version))
async def test_no_frame_breaks_a_session(version: Version) -> None:
    hunt = Hunt(version, seed=2)
    await hunt.run(3_000)
    assert hunt.findings == []
    assert hunt.counts["frames"] == 3_000
    assert hunt.counts["result"] > 1_000
    assert hunt.counts["counted only"] > 100
    assert hunt.counts["TypeConstraintViolation"] > 100
