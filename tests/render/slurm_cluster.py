"""A real Slurm of one node on loopback, of Debian's packages (slurmctld, slurmd, slurm-client, munge), for tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")

CONF = """ClusterName=loop
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={home}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=render Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why no cluster can be started here; empty where one can."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed"
    return "" if os.geteuid() == 0 else "needs root"


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `conf` is its slurm.conf."""

    conf: Path

    def run(self, *command: str) -> str:
        """What a Slurm command says; CalledProcessError if it fails."""
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "SLURM_CONF": str(self.conf)}
        )
        return done.stdout.strip()


@contextlib.contextmanager
def cluster(home: Path) -> Iterator[Cluster]:
    """Start it, and stop it with all its jobs."""
    for name in ("state", "spool"):
        (home / name).mkdir(parents=True)
    home.chmod(0o755)
    key = home / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    conf = home / "slurm.conf"
    conf.write_text(CONF.format(home=home, control=_free_port(), node=_free_port(), cores=os.cpu_count()))
    started = Cluster(conf)
    try:
        started.run(
            "munged", "--force", f"--key-file={key}", f"--socket={home}/munge.sock", f"--pid-file={home}/munged.pid",
            f"--log-file={home}/munged.log", f"--seed-file={home}/munge.seed",
        )  # fmt: skip
        started.run("slurmctld", "-c")
        started.run("slurmd", "-N", "localhost")
        _wait_until_idle(started)
        yield started
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            started.run("scancel", "--user=root")
        time.sleep(0.5)
        for name in ("slurmd", "slurmctld", "munged"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((home / f"{name}.pid").read_text()), signal.SIGTERM)


def _wait_until_idle(started: Cluster) -> None:
    deadline = time.monotonic() + 60
    while "idle" not in started.run("sinfo", "--noheader", "--format=%T"):
        assert time.monotonic() < deadline, "the node did not come up"
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
