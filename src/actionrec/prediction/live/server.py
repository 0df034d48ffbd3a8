"""The page and its WebSocket, for one open page at a time: the one opened last."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from actionrec.core.errors import ActionrecError
from actionrec.keypoints.skeleton import HAND_LINES, POSE_LINES
from actionrec.prediction.live.eyes import Eyes, top_classes, warm_up
from actionrec.prediction.live.session import FrameMessage, RollingBuffer, Slot, Speed, drawn_points
from actionrec.prediction.predictor import Predictor

_HERE = Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
_MAX_MESSAGE_BYTES = 1 << 20
_SHOWN_CLASSES = 5
# Between answers at the least: classes change slowly, and the skeleton wants the processor too.
_STEP_SECONDS = 0.5
_TAKEN_OVER = 4000
"""Closes a page when another was opened."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class LiveOptions:
    """How the camera is watched."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes a free one."""
    window_seconds: float = 2.0
    """What is judged at a time."""
    rate: float = 25.0
    """Of the training videos, frames a second."""
    detect_width: int = 640
    """Wider pictures are scaled down to this width (pixels) before keypoints are looked for."""


@dataclass
class Live:
    """One server: the models, and the page that is open."""

    predictor: Predictor
    options: LiveOptions
    classifier: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "classes"))
    _page: web.WebSocketResponse | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded])
        for address in _FILES:
            app.router.add_get(address, _file)
        app.router.add_get("/live", self._socket)
        app.on_shutdown.append(self._shut)
        return app

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        # A page of elsewhere whose name was made to mean this machine names itself as the host.
        if is_loopback(self.options.host) and not is_loopback(_host_name(request.host)):
            raise web.HTTPForbidden(text=f"this server answers this machine alone, not {request.host}")
        return await handler(request)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        origin = request.headers.get("Origin", "")
        if urlsplit(origin).scheme not in ("http", "https") or urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text=f"origin {origin or 'unknown'}: only the page of {request.host} may ask")
        socket = web.WebSocketResponse(max_msg_size=_MAX_MESSAGE_BYTES, compress=False)
        await socket.prepare(request)
        before, self._page = self._page, socket
        if before is not None:
            await before.close(code=_TAKEN_OVER, message=b"opened elsewhere")
        async with self._turn:
            if not socket.closed:
                await _Conversation(self, socket).run()
        return socket

    async def _shut(self, _app: web.Application) -> None:
        if self._page is not None:
            await self._page.close(code=WSCloseCode.GOING_AWAY)


class _Conversation:
    """Frames of one page, and answers; the latest frame wins, and the classes come when they are ready."""

    def __init__(self, live: Live, socket: web.WebSocketResponse) -> None:
        options = live.options
        self._live, self._socket = live, socket
        self._slot: Slot[FrameMessage] = Slot()
        self._came = asyncio.Event()
        self._buffer = RollingBuffer(window_seconds=options.window_seconds, rate=options.rate)
        self._speed = Speed()
        self._asked: asyncio.Future[Sequence[tuple[str, float]]] | None = None
        self._top: Sequence[tuple[str, float]] = ()
        self._num_answers = 0
        self._asked_seconds = self._top_seconds = 0.0
        self._asked_at = float("-inf")

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        eyes = Eyes(self._live.predictor, detect_width=self._live.options.detect_width)
        with eyes.thread:
            await loop.run_in_executor(eyes.thread, eyes.open)
            answering = asyncio.create_task(self._answer(eyes))
            try:
                await self._socket.send_json(self._greeting())
                await self._listen()
            except ConnectionError:
                pass  # the page was closed
            finally:
                answering.cancel()
                try:
                    with suppress(asyncio.CancelledError):
                        await answering
                finally:
                    await loop.run_in_executor(eyes.thread, eyes.close)

    def _greeting(self) -> dict[str, Any]:
        predictor = self._live.predictor
        return {
            "model": predictor.model,
            "class_names": predictor.class_names,
            "window_seconds": self._live.options.window_seconds,
            "finds_keypoints": predictor.bundle.facts.keypoints.enabled,
            "lines": {"pose": POSE_LINES, "left_hand": HAND_LINES, "right_hand": HAND_LINES},
        }

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type != WSMsgType.BINARY:
                await self._refuse("a text: expected a frame")
                return
            try:
                self._slot.put(FrameMessage.read(message.data))
            except ActionrecError as error:
                await self._refuse(str(error))
                return
            self._came.set()

    async def _answer(self, eyes: Eyes) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._came.wait()
                self._came.clear()
                message = self._slot.take()
                assert message is not None
                seen = await loop.run_in_executor(eyes.thread, eyes.see, message)
                self._buffer.add(seen)
                self._ask_for_classes()
                self._speed.add(message.round_trip_ms or None, now=time.monotonic())
                found = drawn_points(seen.keypoints, seen.presence)
                await self._socket.send_json({"number": message.number, **found, **self._state(message)})
        except ActionrecError as error:
            await self._refuse(str(error))
        except ConnectionError:
            pass  # the page was closed
        except Exception as error:  # said in the page: MediaPipe keeps standard error silent
            await self._refuse(f"{type(error).__name__}: {error}", code=WSCloseCode.INTERNAL_ERROR)
            raise

    def _ask_for_classes(self) -> None:
        """Fetch the classes that are ready, and ask for those of now when the models are free."""
        if self._asked is not None and self._asked.done():
            self._top, self._asked = self._asked.result(), None
            self._top_seconds = self._asked_seconds
            self._num_answers += 1
        now = time.monotonic()
        if self._asked is None and now - self._asked_at >= _STEP_SECONDS and (clip := self._buffer.clip()) is not None:
            self._asked_at = now
            self._asked_seconds = self._buffer.share * self._buffer.window_seconds
            self._asked = asyncio.get_running_loop().run_in_executor(
                self._live.classifier, lambda: top_classes(self._live.predictor, clip, k=_SHOWN_CLASSES)
            )

    def _state(self, message: FrameMessage) -> dict[str, Any]:
        speed = self._speed
        return {
            "top": self._top,
            "num_answers": self._num_answers,
            "top_seconds": round(self._top_seconds, 1),
            "skipped": message.skipped + self._slot.num_dropped,
            "fps": speed.per_second,
            "p50_ms": speed.percentile(50),
            "p95_ms": speed.percentile(95),
        }

    async def _refuse(self, why: str, code: int = WSCloseCode.POLICY_VIOLATION) -> None:
        with suppress(ConnectionError):
            await self._socket.send_json({"error": why})
            await self._socket.close(code=code)


def serve(predictor: Predictor, options: LiveOptions) -> None:
    """Serve the page until Ctrl-C. Raises :class:`ActionrecError` where the port is taken or the host unknown."""
    if not is_loopback(options.host):
        print(
            f"warning: --host {options.host} lets other machines send pictures here, unencrypted and without a "
            "password; their browsers give a page over http no camera, only files",
            file=sys.stderr,
        )
    with suppress(KeyboardInterrupt):
        warm_up(predictor)
        asyncio.run(_serve(predictor, options))


async def _serve(predictor: Predictor, options: LiveOptions) -> None:
    runner = web.AppRunner(Live(predictor, options).app())
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, options.host, options.port).start()
        except OSError as error:
            raise ActionrecError(
                f"--host {options.host} --port {options.port}: {error.strerror or error}; choose another --port"
            ) from error
        port = runner.addresses[0][1]
        shown = f"[{options.host}]" if ":" in options.host else options.host
        print(f"{predictor.model} watches at http://{shown}:{port}; Ctrl-C ends it", flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _file(request: web.Request) -> web.Response:
    name, kind = _FILES[request.path]
    return web.Response(body=(_HERE / name).read_bytes(), content_type=kind, charset="utf-8", headers=_HEADERS)


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, is this machine to itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
