"""A headless Chromium, spoken to over its DevTools pipe: pages are opened, asked and pictured."""

import base64
import contextlib
import json
import os
import re
import select
import shutil
import subprocess
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
    # Whatever a page asks for by name is not found.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
ANSWER_SECONDS_MAX = 30.0
CHUNK = 1 << 20
Json = dict[str, Any]


@dataclass
class Browser:
    """One tab of a browser, and everything that it said of itself."""

    to: int
    back: int
    session: str = ""
    events: list[Json] = field(default_factory=list)
    _count: int = 0
    _unread: bytes = b""

    def call(self, method: str, **params: object) -> Json:
        """Return what DevTools answers; what happens meanwhile is kept in `events`."""
        self._count += 1
        message: Json = {"id": self._count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._count:
                assert "error" not in told, told["error"]
                result: Json = told["result"]
                return result
            self.events.append(told)

    def _next(self) -> Json:
        end = time.monotonic() + ANSWER_SECONDS_MAX
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self.back], [], [], max(0.0, end - time.monotonic()))
            assert ready, "Chromium does not answer."
            chunk = os.read(self.back, CHUNK)
            assert chunk, "Chromium has ended."
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        told: Json = json.loads(message)
        return told

    def open_tab(self) -> None:
        """Open a tab and listen to it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def show(self, url: str, width: int, height: int, media: Mapping[str, str]) -> None:
        """Open a page at this size, in these media (`media`, `prefers-color-scheme`)."""
        features = [{"name": n, "value": v} for n, v in media.items() if n != "media"]
        self.call("Emulation.setEmulatedMedia", media=media.get("media", ""), features=features)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.call("Page.navigate", url=url)
        while self.ask("document.readyState") != "complete":
            pass

    def ask(self, expression: str) -> Any:  # noqa: ANN401 - anything JSON
        """Return the value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self) -> list[Json]:
        """Return what the page logged, and every exception."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self.events if event["method"] in kinds]

    def requested(self) -> set[str]:
        """Return the schemes of everything that was requested."""
        sent = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return {str(e["params"]["request"]["url"]).partition(":")[0] for e in sent}

    def screenshot(self) -> "Picture":
        """Return what is seen of the page."""
        return Picture.decoded(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def paper(self) -> bytes:
        """Return the page as a PDF, on the paper that it asks for."""
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(answer["data"])


@dataclass(frozen=True)
class Picture:
    """A screenshot's rows of bytes, three or four to a pixel."""

    rows: tuple[bytes, ...]

    @classmethod
    def decoded(cls, png: bytes) -> "Picture":
        """Read a PNG of eight bits a channel, without interlacing, as Chromium writes them."""
        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        channels = {2: 3, 6: 4}[png[25]]
        packed = b"".join(_chunks(png, b"IDAT"))
        raw, stride = zlib.decompress(packed), width * channels
        rows: list[bytes] = []
        above = bytes(stride)
        for at in range(height):
            start = at * (stride + 1)
            above = _unfiltered(raw[start], raw[start + 1 : start + 1 + stride], above, channels)
            rows.append(above)
        return cls(tuple(rows))

    @property
    def brightness(self) -> float:
        """How bright it is on average, from 0 to 255."""
        return sum(map(sum, self.rows)) / sum(map(len, self.rows))

    @property
    def is_blank(self) -> bool:
        """Every row is like every other: nothing is written on it."""
        return len(set(self.rows)) == 1


def _chunks(png: bytes, kind: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == kind:
            yield png[at + 8 : at + 8 + size]
        at += size + 12


def _unfiltered(kind: int, row: bytes, above: bytes, channels: int) -> bytes:
    """Undo a row's filter (PNG, section 9)."""
    done = bytearray(row)
    for at, byte in enumerate(row):
        left = done[at - channels] if at >= channels else 0
        corner = above[at - channels] if at >= channels else 0
        guesses = (0, left, above[at], (left + above[at]) // 2)
        guess = guesses[kind] if kind < len(guesses) else _paeth(left, above[at], corner)
        done[at] = (byte + guess) & 0xFF
    return bytes(done)


def _paeth(left: int, above: int, corner: int) -> int:
    near = left + above - corner
    return min((left, above, corner), key=lambda one: abs(near - one))


@contextlib.contextmanager
def chromium(directory: Path) -> Iterator[Browser]:
    """Start a browser that knows nothing, and end it."""
    assert CHROMIUM, "Chromium is not installed: `.ci/run` installs it."
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Chromium reads from descriptor 3 and writes to 4; bash puts the pipes there.
    start = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = subprocess.Popen(
        ["bash", "-c", start, CHROMIUM, *FLAGS, f"--user-data-dir={directory}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    browser = Browser(ours_out, ours_in)
    try:
        browser.open_tab()
        yield browser
        browser.session = ""
        with contextlib.suppress(AssertionError):
            browser.call("Browser.close")
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)


def pages_on_a4(pdf: bytes) -> int:
    """Return how many pages a PDF of Chromium's has; 0 unless they are A4."""
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    is_a4 = all((round(float(w)), round(float(h))) == (595, 842) for w, h in boxes)
    return len(boxes) if is_a4 else 0
