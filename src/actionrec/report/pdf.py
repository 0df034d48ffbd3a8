"""``reports/report.pdf``: the page for paper, by Typst, whose wheel brings everything that it needs."""

from __future__ import annotations

import base64
import re
import tempfile
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import typst

from actionrec.report.fonts import FONTS, lacking
from actionrec.report.typeset import string, typeset

_INK = "#1c1e24"
_DATE = 0
"""Of the document, in seconds since 1970: the same page gives the same bytes."""
_POINTS_PER_PIXEL = 0.5
_BONES = (
    "<style>path{fill:none;stroke-linecap:round;stroke-linejoin:round;stroke-width:1.4}.pose{stroke:#ffd23f}"
    ".face{stroke:#fff;stroke-width:1}.joint{stroke:#ff3b1f;opacity:.8}.left-hand{stroke:#ff6fb0}.right-hand{stroke:#4de0ff}</style>"
)
_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_DATA = re.compile(r'<image [^>]*?href="data:image/jpeg;base64,([^"]*)"[^>]*/>')


def make_pdf(html: str) -> bytes:
    """The PDF of the page ``html``: A4, with page numbers, and the same bytes whenever the page is the same."""
    with tempfile.TemporaryDirectory() as name:
        pictures = _Pictures(Path(name), dict(_definitions(html)))
        body = typeset(html, pictures.show)
        look = (Path(__file__).parent / "print.typ").read_text(encoding="utf-8")
        found = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
        about = string(unescape(found[1]) if found else "").replace("\u200b", "")
        main = Path(name) / "main.typ"
        main.write_text(f"#set document(title: {about}, date: none)\n{look}\n{body}", encoding="utf-8")
        return typst.compile(
            main,
            root=Path(name),
            font_paths=[FONTS],
            # Another machine's fonts would give other bytes; they are asked only for a script that ours lacks.
            ignore_system_fonts=not lacking(body),
            format="pdf",
            timestamp=_DATE,
        )


def _definitions(html: str) -> list[tuple[str, str]]:
    """The strips that the page defines once: id and JPEG in base64."""
    return re.findall(r'<image id="(strip\d+)" href="data:image/jpeg;base64,([^"]*)"', html)


@dataclass
class _Pictures:
    """Writes the pictures of the page beside the document."""

    folder: Path
    strips: dict[str, str]
    _count: int = field(default=0)

    def show(self, svg: str) -> str:
        """The Typst that shows an ``<svg>`` element of the page."""
        if used := re.search(r'<use href="#(strip\d+)"', svg):
            path = self.folder / f"{used[1]}.jpg"
            path.write_bytes(base64.b64decode(self.strips[used[1]]))
            return self._over(path.name, svg)
        if photo := _DATA.search(svg):
            path = self._new(".jpg")
            path.write_bytes(base64.b64decode(photo[1]))
            return self._over(path.name, svg)
        return self._chart(svg)

    def _over(self, photo: str, svg: str) -> str:
        """A photograph, and over it what is drawn there."""
        drawn = re.search(r'<g class="bones">(.*)</g></svg>', svg, re.DOTALL)
        bones = "none"
        if drawn and drawn[1]:
            path = self._new(".svg")
            path.write_text(f"<svg {_NAMESPACES} {_box(svg)}>{_BONES}{drawn[1]}</svg>", encoding="utf-8")
            bones = f'"{path.name}"'
        return f'#picture("{photo}", {bones});'

    def _chart(self, svg: str) -> str:
        path = self._new(".svg")
        inner = svg[svg.index(">") + 1 :].replace("currentColor", _INK)
        path.write_text(f"<svg {_NAMESPACES} {_box(svg)}>{inner}", encoding="utf-8")
        width = re.search(r"max-width:(\d+)px", svg)
        points = _POINTS_PER_PIXEL * float(width[1]) if width else 400
        return f'#chart("{path.name}", {points}pt)\n'

    def _new(self, suffix: str) -> Path:
        self._count += 1
        return self.folder / f"picture{self._count}{suffix}"


def _box(svg: str) -> str:
    found = re.search(r'viewBox="[^"]*"', svg)
    assert found is not None
    return found[0]
