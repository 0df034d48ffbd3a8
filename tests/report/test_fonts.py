from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from matplotlib import font_manager
from matplotlib.text import Text

from actionrec.report import fonts
from actionrec.report.figures import draw_confusion

JUMP = "\N{CJK UNIFIED IDEOGRAPH-8DF3}"
WALK = "\N{CJK UNIFIED IDEOGRAPH-8D70}"


def _write_font(path: Path, family: str, chars: str, *, style: str = "Regular") -> str:
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", *(f"g{ord(char)}" for char in chars)]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(char): f"g{ord(char)}" for char in chars})
    builder.setupGlyf({name: Glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": style})
    builder.setupHead(unitsPerEm=1000)
    builder.setupOS2(fsSelection=0x20 if style == "Bold" else 0x40)
    builder.setupPost()
    builder.save(path)
    return str(path)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The fonts of this machine, of which there are none yet."""
    found: list[str] = []
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: list(found))
    known = list(font_manager.fontManager.ttflist)
    fonts._installed.cache_clear()
    yield found
    fonts._installed.cache_clear()
    font_manager.fontManager.ttflist[:] = known


def test_the_font_that_comes_with_us_is_enough_for_most(installed: list[str]) -> None:
    assert fonts.families_for("wave, \N{GREEK SMALL LETTER ALPHA} \N{CHECK MARK}\n") == [fonts.FAMILY]
    assert fonts.advice("wave\n") == ""


def test_fonts_are_taken_that_have_what_is_lacking(installed: list[str], tmp_path: Path) -> None:
    installed.append(_write_font(tmp_path / "a.ttf", "Jumping", JUMP))
    installed.append(_write_font(tmp_path / "b.ttf", "Both Bold", JUMP + WALK, style="Bold"))
    installed.append(_write_font(tmp_path / "c.ttf", "Walking", WALK))
    installed.append(str(tmp_path / "torn.ttf"))
    Path(installed[-1]).write_bytes(b"no font")
    assert fonts.families_for(f"{JUMP} {WALK}") == [fonts.FAMILY, "Jumping", "Walking"]
    assert fonts.advice(JUMP + WALK) == ""
    figure = draw_confusion("t", np.eye(2, dtype=np.int64), [JUMP, "wave"])._figure()
    assert {tuple(text.get_fontfamily()) for text in figure.findobj(Text)} == {(fonts.FAMILY, "Jumping")}


def test_where_no_font_has_it_that_is_said_with_what_to_do(installed: list[str]) -> None:
    assert fonts.families_for(JUMP) == [fonts.FAMILY]
    said = fonts.advice(f"<p>{JUMP} {JUMP}</p>")
    assert f"1 of the characters in the report ({JUMP})" in said
    assert "fonts-noto-cjk" in said
