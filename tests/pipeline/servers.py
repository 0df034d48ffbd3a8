"""Servers on the loopback address, each a process of its own that ends with the test."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_START_SECONDS = 120


@dataclass(frozen=True)
class Remote:
    """Where DVC pushes to."""

    url: str
    settings: dict[str, str] = field(default_factory=dict)
    """Of ``dvc remote modify``."""
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def dvc_remote(folder: Path) -> Iterator[Remote]:
    """A bucket of an S3 server where requirements-s3.txt is installed, else a folder."""
    if not all(importlib.util.find_spec(name) for name in ("dvc_s3", "moto")):
        yield Remote(str(folder / "remote"))
        return
    with _serving("moto.server", "-H", "127.0.0.1", "-p", log=folder / "moto.log") as address:
        urllib.request.urlopen(urllib.request.Request(f"{address}/bucket", method="PUT")).close()
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        yield Remote("s3://bucket/store", {"endpointurl": address}, keys)


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """The address of a tracking server that keeps its runs and files in ``folder``."""
    arguments = ("--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", f"{folder}/files")
    with _serving(
        "mlflow", "server", *arguments, "--host", "127.0.0.1", "--workers", "1", "--port", log=folder / "mlflow.log"
    ) as address:
        yield address


@contextmanager
def _serving(module: str, *arguments: str, log: Path) -> Iterator[str]:
    """Run ``python -m module arguments PORT``; its address, as soon as it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, port],
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=said,
            stderr=said,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process, log)
        yield address
    finally:
        process.terminate()  # a server of several processes ends them itself
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return  # it answers, whatever
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{address} does not answer:\n{log.read_text()}")
