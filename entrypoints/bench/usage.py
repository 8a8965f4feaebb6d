"""CPU and memory of the processes that serve: the gateway, Postgres, the projector, each for itself."""

from collections.abc import Iterable
from typing import Any

import msgspec
import psutil
import psycopg

_READ_MODELS = ("zeus projections", "zeus log reader")
"""Names of the projector's connections: what their backends use is the cost of read models, not of the log."""


class Cpu(msgspec.Struct, frozen=True):
    """CPU seconds used so far, or between two readings."""

    gateway: float = 0.0
    postgres: float = 0.0
    """The server without the projector's backends: what storing costs (WAL writer, checkpointer included)."""
    projector: float = 0.0
    read_models: float = 0.0
    """The projector's backends in Postgres."""

    def since(self, before: "Cpu") -> "Cpu":
        """What was used since `before`."""
        return Cpu(
            self.gateway - before.gateway,
            self.postgres - before.postgres,
            self.projector - before.projector,
            self.read_models - before.read_models,
        )

    def each_us(self, messages: int) -> dict[str, float]:
        """µs a message."""
        share = 1e6 / max(1, messages)
        return {
            "gateway_us": self.gateway * share,
            "postgres_us": self.postgres * share,
            "projector_us": self.projector * share,
            "read_models_us": self.read_models * share,
            "durable_us": (self.gateway + self.postgres) * share,
        }


class Processes:
    """The processes behind one server; found once, for they stay the same during a measurement."""

    def __init__(self, gateway: int, database_url: str) -> None:
        self.gateway = psutil.Process(gateway)
        children = self.gateway.children()
        self._projector = next((p for p in children if "entrypoints.projector" in p.cmdline()), None)
        self._postmaster = next((p for p in children if _is_postgres(p)), None)
        self._url = database_url

    def cpu(self) -> Cpu:
        """CPU seconds used so far."""
        readers = _sum(psutil.Process(pid) for pid in _backends(self._url))
        return Cpu(
            gateway=_used(self.gateway),
            postgres=postgres_cpu(self._postmaster) - readers,
            projector=_used(self._projector) if self._projector else 0.0,
            read_models=readers,
        )

    def all_postgres(self) -> float:
        """CPU seconds of every process of the database server."""
        return postgres_cpu(self._postmaster)

    def gateway_rss(self) -> int:
        """Resident bytes of the gateway."""
        return int(self.gateway.memory_info().rss)


def postgres_cpu(postmaster: psutil.Process | None) -> float:
    """CPU seconds of a postmaster and its children, those that have ended included."""
    if postmaster is None:
        return 0.0
    times = postmaster.cpu_times()
    return (
        _used(postmaster) + float(times.children_user + times.children_system) + _sum(postmaster.children())
    )


def _used(process: psutil.Process) -> float:
    times: Any = process.cpu_times()
    return float(times.user + times.system)


def _sum(processes: Iterable[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            total += _used(process)
        except psutil.NoSuchProcess:  # its time is among the parent's by now
            continue
    return total


def _is_postgres(process: psutil.Process) -> bool:
    return process.name().startswith("postgres")


def _backends(database_url: str) -> list[int]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = ANY(%s)", [list(_READ_MODELS)]
        )
        return [pid for (pid,) in rows]
