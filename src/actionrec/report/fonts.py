"""Fonts for what matplotlib's own font lacks, as class names in Chinese, Japanese or Korean: one that is installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
"""The folder of the fonts that come with matplotlib."""
FAMILY = "DejaVu Sans"
"""The one that everything is set in where it can be."""


def families_for(text: str) -> list[str]:
    """Font families that together have as many characters of ``text`` as they can, :data:`FAMILY` first."""
    families, missing = [FAMILY], lacking(text)
    while missing:
        best = max(_installed(), key=lambda path: len(missing & _characters(path)), default=None)
        if best is None or not missing & _characters(best):
            break
        missing -= _characters(best)
        families.append(_made_known(best))
    return families


def lacking(text: str) -> set[str]:
    """The characters of ``text`` that :data:`FAMILY` does not have."""
    return {char for char in set(text) if char.isprintable()} - _characters(str(FONTS / "DejaVuSans.ttf"))


def advice(text: str) -> str:
    """What to install where no font has some characters of ``text``; empty where all can be drawn."""
    missing = sorted(lacking(text) - set[str]().union(*map(_characters, _installed())))
    if not missing:
        return ""
    shown = "".join(missing[:10]) + ("…" if len(missing) > 10 else "")
    return (
        f"no installed font has {len(missing)} of the characters in the report ({shown}): they are boxes in its "
        "figures and PDF; install a font that has them (for Chinese, Japanese and Korean for example Debian's "
        "fonts-noto-cjk), then run `dvc repro -f report`"
    )


@cache
def _installed() -> tuple[str, ...]:
    """Upright fonts of normal weight on this machine, by path."""
    return tuple(path for path in sorted(font_manager.findSystemFonts()) if _is_plain(path))


def _is_plain(path: str) -> bool:
    try:
        return not FT2Font(path).style_flags
    except RuntimeError:  # a kind that matplotlib cannot draw with
        return False


@cache
def _made_known(path: str) -> str:
    """The family of a font, which matplotlib then finds: its own list may be older than the font."""
    font_manager.fontManager.addfont(path)
    return FT2Font(path).family_name


@cache
def _characters(path: str) -> frozenset[str]:
    return frozenset(map(chr, FT2Font(path).get_charmap()))
