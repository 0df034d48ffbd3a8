"""Answers a second and latency of `actionrec live`, as a page on the same machine that draws nothing would see them.

Run from the root of the project, after `make repro`: `PYTHONPATH=src python benchmarks/live.py [MODEL]`. Embedded
videos are sent at 640 x 480, the next frame as soon as the last is answered.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import av
import cv2
from aiohttp.test_utils import TestClient, TestServer

from actionrec.core.errors import ActionrecError, run_main
from actionrec.params import load_params
from actionrec.prediction.bundle import project_bundle
from actionrec.prediction.live.server import Live, LiveOptions
from actionrec.prediction.live.session import FrameMessage, Speed
from actionrec.prediction.predictor import Predictor

VIDEOS = Path("data/raw/synthetic")
NUM_VIDEOS = 6
NUM_FRAMES = 300
JPEG_QUALITY = 80


def main() -> None:
    """Print one line a width at which keypoints are looked for."""
    model = sys.argv[1] if len(sys.argv) > 1 else "keypoint_conv"
    predictor = Predictor(project_bundle(load_params()), model=model)
    pictures = [jpeg for video in sorted(VIDEOS.glob("*/*_c01.mp4"))[:NUM_VIDEOS] for jpeg in jpegs(video)]
    if not pictures:
        raise ActionrecError(f"{VIDEOS} holds no videos; run `make repro`")
    for width in (640, 320):
        speed, num_answers = asyncio.run(measured(predictor, pictures, width=width))
        print(
            f"{model}, keypoints at {width} pixels: {speed.per_second:.1f} frames a second, latency p50 "
            f"{speed.percentile(50):.0f} ms, p95 {speed.percentile(95):.0f} ms, {num_answers} answers of classes"
        )


def jpegs(video: Path) -> list[bytes]:
    """Frames of ``video`` at 640 x 480."""
    with av.open(str(video)) as container:
        frames = [cv2.resize(frame.to_ndarray(format="bgr24"), (640, 480)) for frame in container.decode(video=0)]
    return [cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes() for frame in frames]


async def measured(predictor: Predictor, pictures: list[bytes], *, width: int) -> tuple[Speed, int]:
    """The speed of ``NUM_FRAMES`` frames, and how often there were new classes."""
    speed, start = Speed(), time.perf_counter()
    server = TestServer(Live(predictor, LiveOptions(rate=12.0, detect_width=width)).app())
    async with TestClient(server) as client:
        page = await client.ws_connect("/live", origin=f"http://{client.host}:{client.port}")
        await page.receive_json()
        for number in range(NUM_FRAMES):
            sent = time.perf_counter()
            jpeg = pictures[number % len(pictures)]
            await page.send_bytes(FrameMessage(number, 0, sent - start, 0, jpeg).written())
            answer = await page.receive_json()
            speed.add(1000 * (time.perf_counter() - sent), now=time.perf_counter())
        await page.close()
    return speed, int(answer["num_answers"])


if __name__ == "__main__":
    run_main(main)
