"""PostgreSQL: the first start with initdb, later ones with what is there, a checkpoint now and then."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from wizard.sandbox.controllers.programs.base import MIB, Line, Program

VERSION = "18.6"
_CHECKPOINTS = 300.0
_SCRIPT = "/docker-entrypoint-initdb.d/10-application-database.sh"


class Postgres(Program):
    boots = 3.0
    stops = 0.8
    memory = 96 * MIB
    cpu = 0.01

    def opening(self) -> list[Line]:
        start, boots = self.run.started, self.boots
        version = f"starting PostgreSQL {VERSION} (Debian {VERSION}-1.pgdg13+1) on x86_64-pc-linux-gnu, compiled by gcc"
        first: list[Line] = []
        if self.run.restarts == 0:
            first = [
                (0.1, 'The files belonging to this database system will be owned by user "postgres".'),
                (0.1, "The database cluster will be initialized with locale \"en_US.utf8\"."),
                (0.2, "Data page checksums are enabled."),
                (0.3, "fixing permissions on existing directory /var/lib/postgresql/18/docker ... ok"),
                (0.6, "creating subdirectories ... ok"),
                (boots * 0.4, "performing post-bootstrap initialization ... ok"),
                (boots * 0.5, "syncing data to disk ... ok"),
                (boots * 0.7, f"/usr/local/bin/docker-entrypoint.sh: running {_SCRIPT}"),
                (boots * 0.85, "PostgreSQL init process complete; ready for start up."),
            ]  # fmt: skip
        else:
            first = [(0.1, "PostgreSQL Database directory appears to contain a database; Skipping initialization")]
        at = boots * 0.9
        return [
            *first,
            (at, _log(start + at, version)),
            (at, _log(start + at, 'listening on IPv4 address "0.0.0.0", port 5432')),
            (at, _log(start + at, 'listening on Unix socket "/var/run/postgresql/.s.PGSQL.5432"')),
            (boots, _log(start + boots, "database system is ready to accept connections")),
        ]

    def periodic(self, since: float, until: float) -> Iterator[Line]:
        tick = math.ceil(max(self.listens_at + 1, since, until - 86400) / _CHECKPOINTS) * _CHECKPOINTS
        while tick <= until:
            yield tick, _log(tick, "checkpoint starting: time", 27)
            buffers = 3 + int(60 * self.run.cluster.jitter("checkpoint", tick))
            took = buffers / 10
            done = f"checkpoint complete: wrote {buffers} buffers ({buffers / 122.88:.1f}%), wrote 3 SLRU buffers; "
            done += "0 WAL file(s) added, 0 removed, 0 recycled; "
            done += f"write={took:.3f} s, sync=0.021 s, total={took + 0.1:.3f} s"
            if tick + took <= until:
                yield tick + took, _log(tick + took, done, 27)
            tick += _CHECKPOINTS

    def uses(self, now: float) -> tuple[float, float]:
        activity = self.run.world.activity(self.run.ns, now)
        return self.cpu + 0.06 * activity, self.memory + 40 * MIB * activity


def _log(when: float, text: str, process: int = 1) -> str:
    stamp = f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S}.{int(when * 1000) % 1000:03d} UTC"
    return f"{stamp} [{process}] LOG:  {text}"
