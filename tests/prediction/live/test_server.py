"""The server over loopback, with a WebSocket client in the place of the page."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer
from tests.prediction.project import CLASSES

from actionrec.core.errors import ActionrecError
from actionrec.prediction.live.server import Live, LiveOptions, is_loopback, serve
from actionrec.prediction.live.session import FrameMessage
from actionrec.prediction.predictor import Predictor

pytestmark = pytest.mark.slow

OPTIONS = LiveOptions(port=0, window_seconds=0.5, rate=20.0)
LONGEST_SECONDS = 60


def jpegs(video: Path) -> list[bytes]:
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return [cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames]


def against(
    predictor: Predictor, talk: Callable[[TestClient], Awaitable[None]], options: LiveOptions = OPTIONS
) -> None:
    async def whole() -> None:
        async with TestClient(TestServer(Live(predictor, options).app())) as client, asyncio.timeout(LONGEST_SECONDS):
            await talk(client)

    asyncio.run(whole())


def origin(client: TestClient) -> str:
    return f"http://{client.host}:{client.port}"


async def greeted(client: TestClient) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
    page = await client.ws_connect("/live", origin=origin(client))
    return page, await page.receive_json()


def test_frames_are_answered_by_skeleton_and_classes(predictor: Predictor, video: Path) -> None:
    pictures = jpegs(video)

    async def talk(client: TestClient) -> None:
        page, greeting = await greeted(client)
        assert greeting["model"] == "stgcn"
        assert greeting["class_names"] == sorted(CLASSES)
        assert greeting["lines"]["pose"][0] == [11, 12]
        first: dict[str, Any] = {}
        for number in range(1, 500):
            jpeg = pictures[number % len(pictures)]
            message = FrameMessage(number, 2, number / 20, 0 if number == 1 else 40.0, jpeg)
            await page.send_bytes(message.written())
            answer = await page.receive_json()
            assert answer["number"] == number
            first = first or answer
            if answer["top"]:
                break
        assert (first["top"], first["num_answers"], first["p50_ms"], first["fps"]) == ([], 0, None, None)
        assert len(answer["pose"]) == 33
        xs, ys = np.array(answer["pose"])[[11, 12], :2].T
        assert ((xs > 0) & (xs < 1) & (ys > 0) & (ys < 1)).all()
        assert sorted(name for name, _ in answer["top"]) == sorted(CLASSES)
        assert sum(value for _, value in answer["top"]) == pytest.approx(1)
        assert (answer["num_answers"], answer["skipped"]) == (1, 2)
        assert 0.2 <= answer["top_seconds"] <= 0.5
        assert (answer["p50_ms"], answer["p95_ms"]) == (40, 40)
        assert answer["fps"] > 0

    against(predictor, talk)


def test_of_frames_that_come_at_once_the_latest_is_answered(predictor: Predictor, video: Path) -> None:
    jpeg = jpegs(video)[0]

    async def talk(client: TestClient) -> None:
        page, _ = await greeted(client)
        for number in range(1, 21):
            await page.send_bytes(FrameMessage(number, 0, number / 20, 0, jpeg).written())
        numbers, dropped = [0], 0
        while numbers[-1] != 20:
            answer = await page.receive_json()
            numbers.append(answer["number"])
            dropped = answer["skipped"]
        assert numbers == sorted(numbers)
        assert len(numbers) - 1 + dropped == 20
        assert dropped > 0

    against(predictor, talk)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"short", "a message of 5 bytes: expected 24 and a JPEG"),
        (FrameMessage(3, 0, 0, 0, b"no picture").written(), "frame 3, 10 bytes, is no JPEG"),
        ("text", "a text: expected a frame"),
    ],
)
def test_what_is_no_frame_ends_with_a_reason(predictor: Predictor, message: str | bytes, why: str) -> None:
    async def talk(client: TestClient) -> None:
        page, _ = await greeted(client)
        await (page.send_str(message) if isinstance(message, str) else page.send_bytes(message))
        assert await page.receive_json() == {"error": why}
        assert (await page.receive()).type == WSMsgType.CLOSE
        assert page.close_code == 1008

    against(predictor, talk)


def test_messages_are_of_limited_length(predictor: Predictor) -> None:
    async def talk(client: TestClient) -> None:
        page, _ = await greeted(client)
        await page.send_bytes(bytes((1 << 20) + 1))
        assert (await page.receive()).type == WSMsgType.CLOSE
        assert page.close_code == 1009

    against(predictor, talk)


def test_only_its_own_page_may_ask(predictor: Predictor) -> None:
    async def talk(client: TestClient) -> None:
        for other in (None, "http://example.com", f"http://{client.host}:1", "null"):
            with pytest.raises(WSServerHandshakeError, match="403"):
                await client.ws_connect("/live", origin=other)
        # As a name of elsewhere that was made to mean this machine.
        async with client.get("/", headers={"Host": "example.com"}) as answer:
            assert answer.status == 403

    against(predictor, talk)


def test_the_page_is_served_with_its_rules(predictor: Predictor) -> None:
    async def talk(client: TestClient) -> None:
        for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
            async with client.get(path) as answer:
                assert (answer.status, answer.content_type) == (200, kind)
                assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
                assert "http" not in (await answer.text()).replace("http://www.w3.org/2000/svg", "").replace(
                    "https", ""
                )
        async with client.get("/server.py") as answer:
            assert answer.status == 404

    against(predictor, talk)


def test_a_page_that_is_opened_later_takes_over(predictor: Predictor) -> None:
    async def talk(client: TestClient) -> None:
        first, _ = await greeted(client)
        closing = asyncio.create_task(first.receive())
        second, greeting = await greeted(client)
        assert (await closing).type == WSMsgType.CLOSE
        assert first.close_code == 4000
        assert greeting["model"] == "stgcn"
        await second.close()

    against(predictor, talk)


def test_a_taken_port_and_a_wide_host_are_said(predictor: Predictor, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ActionrecError, match=f"--host 0.0.0.0 --port {port}: .*choose another --port"):
            serve(predictor, LiveOptions(host="0.0.0.0", port=port))
    assert "lets other machines send pictures here" in capsys.readouterr().err
    assert [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "0.0.0.0", "example.com")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_failure_is_said_in_the_page_and_the_next_page_is_served(
    predictor: Predictor, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jpeg = jpegs(video)[0]

    async def talk(client: TestClient) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("actionrec.prediction.live.eyes.HolisticDetector.detect", lambda *_: 1 / 0)
            page, _ = await greeted(client)
            await page.send_bytes(FrameMessage(1, 0, 0, 0, jpeg).written())
            assert await page.receive_json() == {"error": "ZeroDivisionError: division by zero"}
            assert (await page.receive()).type == WSMsgType.CLOSE
            assert page.close_code == 1011
        page, _ = await greeted(client)
        await page.send_bytes(FrameMessage(1, 0, 0, 0, jpeg).written())
        assert (await page.receive_json())["number"] == 1
        await page.close()

    against(predictor, talk)
