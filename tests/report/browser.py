"""A page in headless Chromium, driven through its own pipe: no driver, no port, nothing to install."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def find_browser() -> str | None:
    """The path of a Chromium that is installed, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """One page; every command is answered before the next."""

    def __init__(self, to_browser: BinaryIO, from_browser: BinaryIO) -> None:
        self._to, self._from = to_browser, from_browser
        self._ids = itertools.count(1)
        self._session: str | None = None
        self.requests: list[str] = []
        """Addresses that were asked for."""
        self.complaints: list[str] = []
        """What stands in the console, and errors that nothing caught."""
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (answer := self._read()).get("id") != number:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        found: dict[str, Any] = answer["result"]
        return found

    def _read(self) -> dict[str, Any]:
        text = bytearray()
        while (char := self._from.read(1)) != b"\0":
            assert char, "the browser went away"
            text += char
        message: dict[str, Any] = json.loads(text)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.complaints.append(str(params["args"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])

    def open(self, path: Path, *, width: int, height: int = 900) -> None:
        """Show a file at a width in CSS pixels, as a phone does where it is narrow."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.command("Page.navigate", url=path.resolve().as_uri())
        self.run(
            "new Promise(done => document.readyState === 'complete' ? done() : window.addEventListener('load', done))"
        )

    def run(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def look(self, scheme: str, *, media: str = "screen") -> None:
        """Show ``light`` or ``dark``, as a system that prefers it would; on ``screen`` or in ``print``."""
        preferred = {"name": "prefers-color-scheme", "value": scheme}
        self.command("Emulation.setEmulatedMedia", media=media, features=[preferred])

    def barriers(self) -> list[str]:
        """What axe-core finds of serious or critical impact: rule, element and what is wrong with it."""
        self.run((resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8") + ";0")
        found = self.run("axe.run().then(found => found.violations)")
        return [
            f"{rule['id']} {node['target']} {node['failureSummary']} {node['html'][:200]}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser_page(program: str, profile: Path) -> Iterator[Page]:
    """A page of a browser that ends with the context; ``profile`` is its own, empty folder."""
    child_in, our_out = os.pipe()
    our_in, child_out = os.pipe()
    # Chromium reads commands from descriptor 3 and writes answers to 4.
    wire = f'exec 3<&{child_in} 4>&{child_out}; exec "$0" "$@"'
    process = subprocess.Popen(
        ["bash", "-c", wire, program, *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(child_in, child_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(child_in)
    os.close(child_out)
    with os.fdopen(our_out, "wb") as to_browser, os.fdopen(our_in, "rb") as from_browser:
        try:
            page = Page(to_browser, from_browser)
            yield page
            page._session = None
            page.command("Browser.close")
            process.wait(timeout=20)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
