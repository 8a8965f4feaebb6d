"""`python -m tests.fuzz.run --frames 200000`: the long hunt, for every version; exits with 1 on a finding."""

import argparse
import asyncio
import sys
from time import monotonic

from adapters.ocpp.versions import Version
from tests.fuzz.hunt import Hunt


def main() -> int:
    """Run it and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000, help="for each version")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", choices=[str(version) for version in Version], action="append")
    options = parser.parse_args()
    found = 0
    for name in options.version or [str(version) for version in Version]:
        hunt = Hunt(Version(name), options.seed)
        start = monotonic()
        asyncio.run(hunt.run(options.frames))
        _say(f"OCPP {name}: {options.frames} frames in {monotonic() - start:.0f} s, {dict(hunt.counts)}")
        for finding in hunt.findings[:20]:
            _say(f"  FOUND {finding}")
        found += len(hunt.findings)
    _say(f"{found} findings")
    return 1 if found else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
