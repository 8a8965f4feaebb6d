"""What calls of all versions do to the charger: reset, availability, unlock, lists, progress reports."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from entrypoints.simulator.connector import Connector
from entrypoints.simulator.station import Station
from entrypoints.simulator.story import Payload, Step, instant


def reset(station: Station, now_s: float, *, hard: bool) -> None:
    """End what runs, give the stops two seconds to leave, then go down and boot again."""
    for connector in station.connectors.values():
        station.end(connector, now_s, "ImmediateReset" if hard else "OnReset")
    station.after(now_s + 2.0, lambda at_s: station.reboot(at_s, "RemoteReset"))


def chosen(station: Station, evse_id: int | None) -> list[Connector]:
    """The connectors meant by an EVSE id; none or 0 means all, an unknown one nobody."""
    if not evse_id:
        return list(station.connectors.values())
    connector = station.connectors.get(evse_id)
    return [connector] if connector else []


def change_availability(station: Station, evse_id: int | None, operative: bool, now_s: float) -> str:
    """`Accepted`, or `Scheduled` while a transaction runs, or `Rejected` for an unknown EVSE."""
    connectors = chosen(station, evse_id)
    if not connectors:
        return "Rejected"
    scheduled = False
    for connector in connectors:
        connector.operative = operative
        if connector.transaction is not None:
            scheduled = True
        elif connector.vehicle is None:
            station.show(connector, "Available" if operative else "Unavailable", now_s)
    return "Scheduled" if scheduled and not operative else "Accepted"


def reserve(
    station: Station, evse_id: int | None, reservation: int, token: str, expiry: str, now_s: float
) -> str:
    """Hold a free connector until `expiry`; otherwise say why not."""
    connectors = chosen(station, evse_id)
    free = [c for c in connectors if c.state == "Available"]
    if not connectors:
        return "Rejected"
    if not free:
        broken = all(c.state == "Unavailable" for c in connectors)
        return "Unavailable" if broken else "Occupied"
    connector = free[0]
    ends_s = instant(expiry)
    connector.reservation = (reservation, token, ends_s)
    station.show(connector, "Reserved", now_s)
    station.after(ends_s, lambda at_s: _release(station, connector, reservation, at_s))
    return "Accepted"


def cancel_reservation(station: Station, reservation: int, now_s: float) -> str:
    """`Accepted` when there was such a reservation."""
    for connector in station.connectors.values():
        if connector.reservation is not None and connector.reservation[0] == reservation:
            _release(station, connector, reservation, now_s)
            return "Accepted"
    return "Rejected"


def _release(station: Station, connector: Connector, reservation: int, now_s: float) -> None:
    if connector.reservation is None or connector.reservation[0] != reservation:
        return
    connector.reservation = None
    if connector.state == "Reserved":
        station.show(connector, "Available", now_s)


def send_local_list(
    station: Station, version: int, kind: str, entries: Iterable[tuple[str, str | None]]
) -> str:
    """Replace or amend the list; an entry without status leaves it. An older version is a mismatch."""
    if kind == "Differential" and version <= station.local_list_version:
        return "VersionMismatch"
    if kind == "Full":
        station.local_list = {}
    for token, status in entries:
        if status is None:
            station.local_list.pop(token, None)
        else:
            station.local_list[token] = status
    station.local_list_version = version
    return "Accepted"


def progress(station: Station, now_s: float, action: str, words: Iterable[str], extra: Payload) -> None:
    """Report `words` as the status of something long, one every five seconds."""
    for number, word in enumerate(words, start=1):
        step = Step(action, {"status": word, **extra})
        station.after(now_s + 5.0 * number, lambda _, step=step: station.tell(step))  # type: ignore[misc]


def install_certificate(station: Station, kind: str, pem: str) -> str:
    """Keep a certificate under hashes of its text (it is used for nothing, so no X.509 is parsed)."""
    if "BEGIN CERTIFICATE" not in pem:
        return "Rejected"
    digest = sha256(pem.encode()).hexdigest()
    hashes = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": digest,
        "issuerKeyHash": digest[::-1],
        "serialNumber": digest[:20],
    }
    station.certificates[digest[:20]] = (kind, hashes)
    return "Accepted"


def delete_certificate(station: Station, hashes: dict[str, Any]) -> str:
    """Forget a certificate by its serial number."""
    return "Accepted" if station.certificates.pop(hashes["serialNumber"], None) else "NotFound"


def trigger_sample(station: Station, evse_id: int | None, now_s: float) -> None:
    """Send the readings of the EVSEs meant."""
    for connector in chosen(station, evse_id):
        connector.advance(now_s, station.limit_w(connector, now_s))
        station.sample(connector, now_s, "Trigger")


def trigger_status(station: Station, evse_id: int | None, now_s: float) -> None:
    """Send the status of the EVSEs meant, changed or not."""
    for connector in chosen(station, evse_id):
        connector.word_queued = None
        station.show(connector, connector.state, now_s)


def free_connector(station: Station) -> int:
    """The EVSE to start at when the server names none: one with a waiting car, else a free one, else 0."""
    for state in ("Preparing", "Available", "Reserved"):
        for connector in station.connectors.values():
            if connector.state == state:
                return connector.evse_id
    return 0
