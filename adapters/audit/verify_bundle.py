#!/usr/bin/env python3
"""Checks a bundle that Zeus exported, without Zeus, without its database, without a network.

    python3 verify.py BUNDLE [--key KEY] [--checkpoint FILE]

BUNDLE is a .zip or the directory it was unpacked to. Python 3.9 or newer is all that is needed. Exit code 0:
everything fits; 1: something does not, and each line that begins with WRONG says what; 2: it could not be read.

What is checked: every byte of the bundle against its signed list of files; the signature of the checkpoint; for every
event that it is a leaf of the tree the checkpoint was made of; that no version of a stream is missing between the first
and the last; that the newer checkpoint continues the older one; the signatures of meter values.

--key is the log's verifier key or its fingerprint, as you had it from somewhere else than this bundle: without it the
bundle only proves that it fits the key it brings along. --checkpoint is a checkpoint you got at another time or place.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

FORMAT = "zeus bundle 1"
UNREADABLE = (
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    zipfile.BadZipFile,
    struct.error,
)


Point = tuple[int, int, int, int]
OnCurve = Optional[tuple[int, int]]  # noqa: UP045 - older Pythons run it, too
Note = tuple[str, "list[tuple[str, bytes, bytes]]"]
Checkpoint = tuple[str, int, bytes]
Event = Mapping[str, Any]


class Wrong(Exception):
    """Something does not fit."""


# -- Ed25519 (RFC 8032 §5.1), verification alone: everything in it is public -------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P


def _x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    x = _x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _plus(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _plus(found, point)
        point = _plus(point, point)
        number >>= 1
    return found


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is it the signature of this key over this message?"""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    one, other = _times(s, BASE), _plus(r, _times(k, a))
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % P == 0


# -- ECDSA (SEC 1 §4.1.4), verification alone, for the curves of OCMF -------------------------------------

CURVES = {  # name: (object identifier, p, a, b, order, x, y)
    "secp192k1": ("2b8104001f", 2**192 - 2**32 - 4553, 0, 3,
        0xFFFFFFFFFFFFFFFFFFFFFFFE26F2FC170F69466A74DEFD8D,
        0xDB4FF10EC057E9AE26B07D0280B7F4341DA5D1B1EAE06C7D, 0x9B2F2F6D9C5628A7844163D015BE86344082AA88D95E2F9D),
    "secp192r1": ("2a8648ce3d030101", 2**192 - 2**64 - 1, -3,
        0x64210519E59C80E70FA7E9AB72243049FEB8DEECC146B9B1, 0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831,
        0x188DA80EB03090F67CBF20EB43A18800F4FF0AFD82FF1012, 0x07192B95FFC8DA78631011ED6B24CDD573F977A11E794811),
    "secp256k1": ("2b8104000a", 2**256 - 2**32 - 977, 0, 7,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8),
    "secp256r1": ("2a8648ce3d030107", 2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    "secp384r1": ("2b81040022", 2**384 - 2**128 - 2**96 + 2**32 - 1, -3,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F),
    "brainpool256r1": ("2b2403030208010107",
        0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377,
        0x7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9,
        0x26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6,
        0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
        0x8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262,
        0x547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997),
    "brainpool384r1": ("2b240303020801010b",
        0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53,
        0x7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826,
        0x04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11,
        0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565,
        0x1D1C64F068CF45FFA2A63A81B7C13F6B8847A3E77EF14FE3DB7FCAFE0CBD10E8E826E03436D646AAEF87B2E247D4AF1E,
        0x8ABE1D7520F9C2A45CB1EB8E95CFD55262B70B29FEEC5864E19C054FF99129280E4646217791811142820341263C5315),
}  # fmt: skip


def _ec_plus(one: OnCurve, other: OnCurve, p: int, a: int) -> OnCurve:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % p == 0:
            return None
        slope = (3 * one[0] * one[0] + a) * pow(2 * one[1], p - 2, p) % p
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], p - 2, p) % p
    x = (slope * slope - one[0] - other[0]) % p
    return x, (slope * (one[0] - x) - one[1]) % p


def _ec_times(number: int, point: OnCurve, p: int, a: int) -> OnCurve:
    found: OnCurve = None
    while number:
        if number & 1:
            found = _ec_plus(found, point, p, a)
        point = _ec_plus(point, point, p, a)
        number >>= 1
    return found


def ecdsa(curve: str, point: bytes, message: bytes, signature: bytes) -> bool:
    """Is it the signature (DER, or r and s side by side) of the key `point` (x and y side by side), with SHA-256?"""
    _, p, a, b, order, gx, gy = CURVES[curve]
    size = (p.bit_length() + 7) // 8
    x, y = int.from_bytes(point[:size], "big"), int.from_bytes(point[size:], "big")
    if len(point) != 2 * size or x >= p or y >= p or (y * y - x * x * x - a * x - b) % p:
        return False
    pair = signature_pair(signature, 2 * size)
    if pair is None or not (0 < pair[0] < order and 0 < pair[1] < order):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big") >> max(0, 256 - order.bit_length())
    inverse = pow(pair[1], order - 2, order)
    one = _ec_times(digest * inverse % order, (gx, gy), p, a)
    found = _ec_plus(one, _ec_times(pair[0] * inverse % order, (x, y), p, a), p, a)
    return found is not None and found[0] % order == pair[0]


def signature_pair(signature: bytes, length: int) -> tuple[int, int] | None:
    """(r, s), from DER, or side by side in so many bytes."""
    pair = _der_pair(signature)
    if pair is None and len(signature) == length:
        half = length // 2
        pair = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    return pair


def _der_pair(signature: bytes) -> tuple[int, int] | None:
    """(r, s) of SEQUENCE {INTEGER, INTEGER}; None where it is no such thing."""
    try:
        body, rest = _der(signature, 0x30)
        r, more = _der(body, 0x02)
        s, end = _der(more, 0x02)
    except (IndexError, ValueError):
        return None
    return (
        None
        if rest or end
        else (int.from_bytes(r, "big", signed=True), int.from_bytes(s, "big", signed=True))
    )


def _der(data: bytes, tag: int) -> tuple[bytes, bytes]:
    length, at = data[1], 2
    if length == 0x81:
        length, at = data[2], 3
    if data[0] != tag or length > 0xFF or len(data) < at + length:
        raise ValueError
    return data[at : at + length], data[at + length :]


def public_point(key: bytes, curve: str) -> bytes | None:
    """x and y of a public key: SubjectPublicKeyInfo, an uncompressed point, or x and y alone."""
    size = (CURVES[curve][1].bit_length() + 7) // 8
    if len(key) == 2 * size:
        return key
    mark = bytes([6, len(bytes.fromhex(CURVES[curve][0]))]) + bytes.fromhex(CURVES[curve][0])
    if len(key) == 2 * size + 1 and key[0] == 4:
        return key[1:]
    if mark in key and key[-2 * size - 1] == 4:
        return key[-2 * size :]
    return None


def curve_of(algorithm: str) -> str:
    """The curve of `ECDSA-<curve>-SHA256`; empty where it is none of ours. `r11` and `P` are in the field."""
    parts = algorithm.split("-")
    curve = parts[1].replace("poolP", "pool").replace("r11", "r1") if len(parts) == 3 else ""
    return curve if parts[0] == "ECDSA" and parts[-1] == "SHA256" and curve in CURVES else ""


def bears_out(record: str, key: bytes) -> bool:
    """Is an OCMF record signed by this key? The signature is over the bytes between the first and the last bar."""
    try:
        payload, signature = record.split("|", 1)[1].rsplit("|", 1)
        words = json.loads(signature)
        curve = curve_of(words.get("SA") or "ECDSA-secp256r1-SHA256")
        data = base64.b64decode(words["SD"]) if words.get("SE") == "base64" else bytes.fromhex(words["SD"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return False
    point = public_point(key, curve) if curve else None
    return point is not None and ecdsa(curve, point, payload.encode("utf-8", "surrogatepass"), data)


# -- notes, trees ------------------------------------------------------------------------------------------


def read_note(text: str) -> Note:
    """(text, [(name, hash, signature)]) of a signed note."""
    body, found, below = text.rpartition("\n\n")
    if not found:
        raise Wrong("it is no signed note")
    signatures = []
    for line in below.splitlines():
        name, _, encoded = line[2:].rpartition(" ")
        raw = base64.b64decode(encoded)
        signatures.append((name, raw[:4], raw[4:]))
    again = "".join(f"— {n} {base64.b64encode(h + s).decode()}\n" for n, h, s in signatures)
    if f"{body}\n\n{again}" != text:
        raise Wrong("the note is not written as a note is")
    return body + "\n", signatures


def read_key(text: str) -> tuple[str, bytes, bytes]:
    """(name, hash, public key) of a verifier key."""
    name, told, encoded = text.split("+", 2)
    raw = base64.b64decode(encoded)
    found = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if raw[:1] != b"\x01" or len(raw) != 33 or found.hex() != told:
        raise Wrong(f"{text} is no verifier key")
    return name, found, raw[1:]


def signed_by(note: Note, keys: Iterable[str]) -> list[str]:
    """The verifier keys among `keys` whose signature is under the note and is good."""
    text, signatures = note
    found = []
    for key in keys:
        name, mark, public = read_key(key)
        if any((n, h) == (name, mark) and ed25519(public, text.encode(), s) for n, h, s in signatures):
            found.append(key)
    return found


def fingerprint(key: str) -> str:
    """Of a verifier key, as `zeus audit key list` shows it."""
    digest = hashlib.sha256(read_key(key)[2]).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 64, 4))


def read_checkpoint(text: str) -> Checkpoint:
    """(origin, size, root)."""
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def node(left: bytes, right: bytes) -> bytes:
    """RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_of(event: Event) -> bytes:
    """The hash of an event, over the bytes as they were stored."""
    stream, topic, state = event["stream"].encode(), event["topic"].encode(), state_of(event)
    return hashlib.sha256(
        b"\x00\x01"
        + struct.pack(">q", event["position"])
        + struct.pack(">I", len(stream)) + stream
        + struct.pack(">q", event["version"])
        + struct.pack(">I", len(topic)) + topic
        + struct.pack(">I", len(state)) + state
        + struct.pack(">q", event["recorded_us"])
    ).digest()  # fmt: skip


def state_of(event: Event) -> bytes:
    """The stored bytes."""
    if "state_base64" in event:
        return base64.b64decode(event["state_base64"])
    state: str = event["state"]
    return state.encode()


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a leaf and its proof lead to (RFC 9162 §2.1.3.2)."""
    first, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Wrong("the proof is too long")
        if first & 1 or first == last:
            found = node(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node(found, sibling)
        first, last = first >> 1, last >> 1
    if last or not 0 <= index < size:
        raise Wrong("the proof is too short, or of another tree")
    return found


def continued(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots (old, new) that a proof of consistency leads to (RFC 9162 §2.1.4.2)."""
    first, last = old[1] - 1, new[1] - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    path = list(proof)
    if old[1] & (old[1] - 1) == 0:
        path.insert(0, old[2])
    one = other = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Wrong("the proof is too long")
        if first & 1 or first == last:
            one, other = node(sibling, one), node(sibling, other)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            other = node(other, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Wrong("the proof is too short")
    return one, other


# -- the bundle --------------------------------------------------------------------------------------------


def archive(files: Mapping[str, bytes]) -> bytes:
    """The one way in which a bundle is packed, so that no byte of the archive can be changed unseen."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            target.writestr(entry, files[name])
    return packed.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """Name → bytes of a bundle, packed or not."""
    if path.is_dir():
        return {
            str(one.relative_to(path).as_posix()): one.read_bytes()
            for one in path.rglob("*")
            if one.is_file()
        }
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {one.filename: source.read(one) for one in source.infolist()}
    if archive(files) != data:
        raise Wrong("the archive was changed: its bytes are not those of its files")
    return files


class Check:
    """One bundle, looked at from all sides."""

    def __init__(self, files: Mapping[str, bytes], key: str = "", checkpoint: str = "") -> None:
        self.files, self.key, self.theirs = files, key, checkpoint
        self.said: list[str] = []
        self.newer: Checkpoint | None = None
        self.wrong = 0

    def run(self) -> Check:
        """Each part by itself, so that all that is wrong is said."""
        try:
            self.manifest = self._manifest()
        except (Wrong, ValueError, KeyError, TypeError) as error:
            self._say(f"WRONG  the list of what is in the bundle: {error}")
            return self
        self._part("the files are those that were exported", self._files)
        self._part("the checkpoint is signed", self._checkpoint)
        if not self.wrong:
            self._part("every event is in the log that the checkpoint was made of", self._events)
            self._part("no version is missing", self._versions)
            self._part("the newer checkpoint continues the older one", self._newer)
            self._part("the checkpoint you have is of the same log", self._yours)
            self._part("the signed meter values", self._meter_values)
        return self

    def _say(self, words: str) -> None:
        self.said.append(words)
        self.wrong += words.startswith("WRONG")

    def _part(self, what: str, look: Callable[[], str | None]) -> None:
        try:
            told = look()
        except Wrong as error:
            self._say(f"WRONG  {what}: {error}")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            self._say(f"WRONG  {what}: it cannot be read ({type(error).__name__}: {error})")
        else:
            if told is not None:
                self._say(f"ok     {what}{': ' + told if told else ''}")

    def _manifest(self) -> dict[str, Any]:
        note = read_note(self.files["manifest.note"].decode())
        manifest: dict[str, Any] = json.loads(self.files["manifest.json"])
        digest = hashlib.sha256(self.files["manifest.json"]).hexdigest()
        if note[0] != f"{FORMAT}\n{digest}\n":
            raise Wrong("it was changed after it was signed")
        signers = signed_by(note, manifest["keys"])
        if not signers or len(signers) != len(note[1]):
            raise Wrong("a signature under it is not of the keys it names")
        if self.key and not any(self._is_yours(key) for key in signers):
            raise Wrong(f"it is not signed by your key, but by {', '.join(map(fingerprint, signers))}")
        return manifest

    def _is_yours(self, key: str) -> bool:
        asked = self.key.strip()
        return asked == key or asked.replace(" ", "").lower() == fingerprint(key).replace(" ", "")

    def _files(self) -> str:
        there = {name for name in self.files if name not in ("manifest.json", "manifest.note")}
        listed = self.manifest["files"]
        if there != set(listed):
            raise Wrong(f"missing or added: {', '.join(sorted(there ^ set(listed)))}")
        changed = [
            name for name in sorted(there) if hashlib.sha256(self.files[name]).hexdigest() != listed[name]
        ]
        if changed:
            raise Wrong(f"changed: {', '.join(changed)}")
        return f"{len(there)} files"

    def _checkpoint(self) -> str:
        self.checkpoint = self._signed_checkpoint("checkpoint.txt")
        return f"{self.checkpoint[0]}, {self.checkpoint[1]} events"

    def _signed_checkpoint(self, name: str) -> Checkpoint:
        note = read_note(self.files[name].decode())
        if not signed_by(note, self.manifest["keys"]):
            raise Wrong("no signature of the log's keys is good")
        found = read_checkpoint(note[0])
        if found[0] != self.manifest["origin"]:
            raise Wrong("it is of another log")
        return found

    def _events(self) -> str:
        self.events = [json.loads(line) for line in self.files["events.jsonl"].decode().splitlines()]
        before = -1, 0
        for event in self.events:
            proof = [base64.b64decode(one) for one in event["proof"]]
            root = included(leaf_of(event), event["leaf"], self.checkpoint[1], proof)
            if root != self.checkpoint[2]:
                raise Wrong(f"the event at position {event['position']} is not the one that was recorded")
            if not (event["leaf"] > before[0] and event["position"] > before[1]):
                raise Wrong(f"the event at position {event['position']} is not in its order")
            before = event["leaf"], event["position"]
        return f"{len(self.events)} events"

    def _versions(self) -> str:
        found: dict[str, list[int]] = {}
        for event in self.events:
            found.setdefault(event["stream"], []).append(event["version"])
        told = self.manifest["streams"]
        if set(found) != set(told) or len(self.events) != self.manifest["events"]:
            raise Wrong("streams or events are missing or added")
        for stream, versions in sorted(found.items()):
            if versions != list(range(told[stream]["first"], told[stream]["last"] + 1)):
                raise Wrong(f"versions of {stream} are missing or not in their order")
        cut = sorted(stream for stream, one in told.items() if one["first"] != 1)
        if cut and self.manifest.get("whole"):
            raise Wrong(f"the beginning of {cut[0]} is missing")
        return f"{len(found)} streams, {len(found) - len(cut)} of them from their beginning"

    def _newer(self) -> str | None:
        if "newer-checkpoint.txt" not in self.files:
            return None
        newer = self._signed_checkpoint("newer-checkpoint.txt")
        proof = [base64.b64decode(one) for one in json.loads(self.files["consistency.json"])["proof"]]
        if newer[1] <= self.checkpoint[1]:
            raise Wrong("it is not newer")
        if continued(self.checkpoint, newer, proof) != (self.checkpoint[2], newer[2]):
            raise Wrong("the log was changed between the two")
        self.newer = newer
        return f"{newer[1]} events"

    def _yours(self) -> str | None:
        if not self.theirs:
            return None
        note = read_note(self.theirs)
        if not signed_by(note, self.manifest["keys"]):
            raise Wrong("it is not signed by a key of this log")
        yours = read_checkpoint(note[0])
        for one in (self.checkpoint, self.newer):
            if one is not None and one[1] == yours[1]:
                if one != yours:
                    raise Wrong("it has another root: there are two versions of this log")
                return "it is the same"
        if yours[1] < self.checkpoint[1]:
            raise Wrong(f"it is over {yours[1]} events: ask for a bundle with a proof from there")
        raise Wrong(
            f"it is over {yours[1]} events, the bundle reaches {self.checkpoint[1]}: ask for a newer bundle"
        )

    def _meter_values(self) -> str | None:
        if "meter-values.json" not in self.files:
            return None
        told = json.loads(self.files["meter-values.json"])
        good = 0
        for value in told["values"]:
            held = any(bears_out(value["record"], bytes.fromhex(key)) for key in told["keys"])
            if held != value["signature_good"]:
                raise Wrong(f"a signature is {'' if held else 'not '}good, and the bundle says the contrary")
            good += held
        return f"{good} of {len(told['values'])} are signed by a key that was registered"


def main(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Checks a bundle that Zeus exported.")
    parser.add_argument("bundle", type=Path, help="the .zip, or the directory it was unpacked to")
    parser.add_argument(
        "--key", default="", help="the log's verifier key or fingerprint, as you had it elsewhere"
    )
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint that you got at another time or place")
    asked = parser.parse_args(words)
    try:
        files = unpack(asked.bundle)
        theirs = asked.checkpoint.read_text() if asked.checkpoint else ""
    except Wrong as error:
        sys.stdout.write(f"WRONG  {error}\n")
        return 1
    except UNREADABLE as error:
        sys.stdout.write(f"WRONG  {asked.bundle} cannot be read: {error}\n")
        return 1 if asked.bundle.exists() else 2
    check = Check(files, asked.key, theirs).run()
    for words_ in check.said:
        sys.stdout.write(words_ + "\n")
    if check.wrong:
        sys.stdout.write("The bundle does NOT prove what it says.\n")
        return 1
    subject = check.manifest["subject"]
    sys.stdout.write(f"Everything fits: {subject}.\n")
    if "whole" not in check.manifest:
        sys.stdout.write("It is of an older version, and does not say whether its streams are whole.\n")
    elif not check.manifest["whole"]:
        sys.stdout.write("It is a span of time: what was before it and after it is not in this bundle.\n")
    if not asked.key:
        for key in check.manifest["keys"]:
            sys.stdout.write(f"Compare with what you had from elsewhere: {fingerprint(key)}  {key}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
