"""The page in a real browser, with a video in the place of its camera."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import REPO
from tests.prediction.project import CLASSES
from tests.report import browser

from actionrec.intake.ffmpeg import run_ffmpeg
from actionrec.prediction.bundle import write_bundle
from actionrec.prediction.predictor import Predictor

pytestmark = pytest.mark.slow

LONGEST_SECONDS = 90


class Address:
    """What :meth:`browser.Page.open` asks of a path."""

    def __init__(self, url: str) -> None:
        self._url = url

    def resolve(self) -> Address:
        return self

    def as_uri(self) -> str:
        return self._url


def test_the_page_shows_classes_and_skeleton_of_the_camera(
    predictor: Predictor, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Served by a bundle in an empty folder, where no project is."""
    program = browser.find_browser()
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(browser.PROGRAMS)} is installed")
    camera = tmp_path / "camera.mjpeg"
    scaled = ["-vf", "scale=640:480", "-r", "20", "-c:v", "mjpeg", "-q:v", "3", str(camera)]
    made = run_ffmpeg(["-loglevel", "error", "-i", str(video), *scaled], timeout_seconds=60)
    assert made.returncode == 0, made.stderr
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    monkeypatch.setattr(browser, "_FLAGS", (*browser._FLAGS, *fake, f"--use-file-for-fake-video-capture={camera}"))
    write_bundle(predictor.bundle, tmp_path / "bundle")
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "actionrec", "live", "--bundle", str(tmp_path / "bundle")]
    command += ["--port", "0", "--rate", "20", "--device", "cpu"]
    environment = {name: value for name, value in os.environ.items() if name != "DVC_ROOT"}
    environment["PYTHONPATH"] = str(REPO / "src")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path / "empty")
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split(" watches at ")[1].split(";")[0]
        with browser.browser_page(program, tmp_path / "profile") as page:
            page.open(Address(url), width=1400)
            page.run("document.getElementById('camera').click()")
            deadline = time.monotonic() + LONGEST_SECONDS
            shown = "document.getElementById('best').textContent"
            while page.run(shown) not in CLASSES or not page.run(
                "document.getElementById('picture').dataset.lines > 9"
            ):
                problem = page.run("document.getElementById('problem').textContent")
                assert not problem
                assert time.monotonic() < deadline
                time.sleep(0.2)
            assert page.run("document.querySelectorAll('#top li').length") == len(CLASSES)
            assert page.run("document.getElementById('p95').textContent").endswith(" ms")
            for width, scheme in ((1400, "light"), (360, "dark")):
                page.command(
                    "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
                )
                page.look(scheme)
                assert page.run("document.documentElement.scrollWidth") == width
                assert page.barriers() == []
            page.run("document.getElementById('stop').click()")
            page.run("1")
            assert page.complaints == []
            assert page.requests
            assert all(request.startswith(f"{url}/") for request in page.requests)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
