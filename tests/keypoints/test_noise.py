"""Known lines of MediaPipe are dropped, every other one arrives, also from a process that crashes."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from actionrec.keypoints.noise import pass_on

SRC = Path(__file__).resolve().parents[2] / "src"

NOISE = """\
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795717775.238590   27457 gl_context_egl.cc:85] Successfully initialized EGL. Major : 1 Minor: 5
W0000 00:00:1795717775.238590   27457 inference_feedback_manager.cc:114] Feedback manager requires a model with a \
single signature inference. Disabling support for feedback tensors.
W0000 00:00:1795717775.527131   27457 landmark_projection_calculator.cc:186] Using NORM_RECT without \
IMAGE_DIMENSIONS is only supported for the square ROI. Provide IMAGE_DIMENSIONS or use PROJECTION_MATRIX.
"""
WORTH_READING = """\
F0000 00:00:1795717775.238590   27457 packet.cc:12] Check failed: it went wrong
E0000 00:00:1795717775.238590   27457 calculator.cc:1] no model
W0000 00:00:1795717775.238590   27457 another.cc:1] unheard of
INFO: something else
Traceback (most recent call last):
"""


def test_only_what_is_known_is_dropped() -> None:
    heard = io.BytesIO()
    pass_on(io.BytesIO((NOISE + WORTH_READING + NOISE + "no end of line").encode()), heard)
    assert heard.getvalue().decode() == WORTH_READING + "no end of line"


@pytest.mark.parametrize("ending", ["os.abort()", "pass"])
def test_what_a_process_wrote_arrives_though_it_crashes(ending: str) -> None:
    script = (
        "import os\n"
        "from actionrec.keypoints.noise import without_noise\n"
        "for number in range(2):\n"
        "    with without_noise():\n"
        f"        os.write(2, {NOISE.encode()!r})\n"
        "        os.write(2, b'worth reading %d\\n' % number)\n"
        f"{ending}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(SRC)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == (-6 if ending == "os.abort()" else 0)
    assert done.stderr == "worth reading 0\nworth reading 1\n"
