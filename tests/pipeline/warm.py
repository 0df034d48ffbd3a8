"""A Python that has imported the heavy libraries already and runs every script in a fork of itself.

A script does what it would do in a fresh interpreter, without the seconds that importing costs each time. Of our own
code nothing is imported before the fork, so a script finds it as it stands on the disk. Run as a script, this file
serves; :func:`warm_programs` starts it, and writes the programs that ask it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIBRARIES = (
    "cv2", "dvc.cli.parser", "dvc.repo.experiments", "dvc.repo.reproduce", "h5py", "jinja2", "lightning.pytorch",
    "matplotlib.pyplot", "mediapipe.python.solutions.holistic", "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.tracking", "pandas", "pydantic", "ruamel.yaml", "scipy.optimize", "scipy.stats", "sklearn.model_selection",
    "torch", "torchvision",
)  # fmt: skip

# Without `site` an interpreter starts in milliseconds. What is not the script of a file is for the real one.
_ASK = """
import json, os, socket, sys
words = sys.argv[1:]
if not words or not words[0].endswith((".py", "/dvc")):
    os.execv({python!r}, [{python!r}, *words])
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    socket.send_fds(connection, [b"\\n"], [0, 1, 2])
    connection.sendall(json.dumps([words, os.getcwd(), dict(os.environ)]).encode() + b"\\n")
    with connection.makefile() as answer:
        sys.exit(int(answer.read() or 1))  # at the end of the file: the process is gone then
"""


@contextmanager
def warm_programs(folder: Path) -> Iterator[Path]:
    """Serve while the context lasts; gives the folder of ``python`` and ``dvc``, to be put in front of ``PATH``."""
    address = folder / "socket"
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, __file__, str(address)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == b"ready\n"
            yield _write_shims(folder / "bin", address)
        finally:
            server.terminate()


def _write_shims(folder: Path, address: Path) -> Path:
    """The programs ``python`` and ``dvc`` in ``folder``, which is returned."""
    folder.mkdir()
    ask = folder / "ask.py"
    ask.write_text(_ASK.format(python=sys.executable, address=str(address)))
    for name, script in (("python", ()), ("dvc", (str(Path(sys.executable).with_name("dvc")),))):
        shim = folder / name
        shim.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-IS", str(ask), *script])} "$@"\n')
        shim.chmod(0o755)
    return folder


def serve(address: str) -> socket.socket:
    """Wait for scripts for ever; returns once for each, in a process of its own, the connection that asked for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in LIBRARIES:
            importlib.import_module(library)
    gc.freeze()  # the collector of a fork has nothing to look for in what was there before it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"ready\n")
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return connection
            connection.close()


def run(connection: socket.socket) -> None:
    """Run the script that ``connection`` names as its caller would have, and answer with its exit code."""
    _, descriptors, *_ = socket.recv_fds(connection, 1, 3)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    with connection.makefile() as request:
        words, directory, environment = json.loads(request.readline())
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    installed = [path for path in sys.path if Path(path).is_relative_to(sys.base_prefix) or "site-packages" in path]
    given = [str(Path(path).resolve()) for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [str(Path(words[0]).resolve().parent), *given, *installed]
    sys.argv[:] = words
    code = _exit_code(words[0])
    atexit._run_exitfuncs()
    sys.stdout.flush()
    connection.sendall(str(code).encode())
    os._exit(code)  # to take all those libraries down costs more than to start


def _exit_code(script: str) -> int:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as caught:
        if isinstance(caught.code, str):
            print(caught.code, file=sys.stderr)
        return caught.code if isinstance(caught.code, int) else int(caught.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    run(serve(sys.argv[1]))
