"""CSV tables as people have them: read where they can mean one thing only, refused with the line where they cannot."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actionrec.core.errors import ActionrecError

DELIMITERS = (",", ";", "\t")
_BLANK = " \t\r\n\u00a0\u200b\ufeff"


@dataclass(frozen=True)
class Line:
    """One row of a table."""

    number: int
    """In the file, from 1, where the row ends."""
    cells: dict[str, str]
    """By column; without blanks around them and composed (NFC)."""
    raw: dict[str, str]
    """As they stand in the file."""


@dataclass
class Table:
    """The rows of a CSV, and what was mended to read it."""

    path: Path
    columns: list[str]
    lines: list[Line]
    repairs: Counter[str] = field(default_factory=Counter)
    """How often each kind was mended; 0 for what is of the file as a whole."""

    def note(self) -> list[str]:
        """One sentence that says all repairs; none where there was none."""
        if not self.repairs:
            return []
        found = [f"{what} ({count})" if count else what for what, count in self.repairs.items()]
        return [f"{self.path.name} was read with repairs: {', '.join(found)}"]


def read_table(path: Path, *, required: Sequence[str], aliases: Mapping[str, str] | None = None) -> Table:
    """Read the CSV ``path``, whose header must name the columns ``required``; ``aliases`` are other names of columns.

    Encodings: UTF-8, UTF-16, else Windows-1252. Separators: comma, semicolon, tab. Names of columns are read in lower
    case. Lines without content are left out, blanks around cells are taken away, letters are composed (NFC).
    Raises :class:`ActionrecError` with file, line and reason for all that stays ambiguous.
    """
    repairs: Counter[str] = Counter()
    text = _decoded(path, repairs)
    if text.lower().startswith("sep="):  # Excel's own first line
        text = "\n" + text.partition("\n")[2]
    delimiter = _delimiter(text, required, aliases or {})
    if delimiter != ",":
        repairs[f"columns separated by {'semicolons' if delimiter == ';' else 'tabs'}"] = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    lines = []
    try:
        for cells in reader:
            if not any(cell.strip(_BLANK) for cell in cells):
                if columns:
                    repairs["lines without content left out"] += 1
            elif not columns:
                columns = _columns(cells, path, required, aliases or {})
            else:
                lines.append(_line(cells, columns, path, reader.line_num, repairs))
    except csv.Error as error:
        raise ActionrecError(f"{path} line {reader.line_num}: {error}; check the quotes in it") from error
    if not columns:
        raise ActionrecError(f"{path} is empty; expected a CSV with the columns {', '.join(required)}")
    return Table(path, columns, lines, repairs)


def _decoded(path: Path, repairs: Counter[str]) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ActionrecError(f"data.annotations: {path} cannot be read ({error.strerror})") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _as(raw, "utf-16", "UTF-16", path, repairs)
    if b"\0" in raw:
        odd = raw[1::2].count(0) > raw[0::2].count(0)
        return _as(raw, "utf-16-le" if odd else "utf-16-be", "UTF-16", path, repairs)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if any(char > "\x7f" and char != "\ufffd" for char in raw.decode("utf-8", "replace")):
            line = raw[: error.start].count(b"\n") + 1
            raise ActionrecError(f"{path} line {line}: a byte that is not UTF-8, as the rest is; mend it") from error
        return _as(raw, "cp1252", "Windows-1252 (save it as UTF-8 if names look wrong)", path, repairs)


def _as(raw: bytes, encoding: str, called: str, path: Path, repairs: Counter[str]) -> str:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ActionrecError(
            f"{path} line {line}: neither UTF-8 nor {encoding} (byte {raw[error.start]:#04x}); save it as UTF-8"
        ) from error
    repairs[f"encoded as {called}"] = 0
    return text


def _delimiter(text: str, required: Sequence[str], aliases: Mapping[str, str]) -> str:
    """The separator with which the header names what is required; a comma where none does."""
    header = next((line for line in text.splitlines() if line.strip(_BLANK)), "")
    for delimiter in DELIMITERS:
        names = {_named(cell.strip('"'), aliases) for cell in header.split(delimiter)}
        if names.issuperset(required):
            return delimiter
    return ","


def _named(cell: str, aliases: Mapping[str, str]) -> str:
    name = unicodedata.normalize("NFC", cell.strip(_BLANK)).lower()
    return aliases.get(name, name)


def _columns(cells: list[str], path: Path, required: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    columns = [_named(cell, aliases) for cell in cells]
    if missing := [name for name in required if name not in columns]:
        raise ActionrecError(
            f"{path} lacks the column(s) {', '.join(missing)}; its header names {', '.join(filter(None, columns))}"
        )
    if twice := sorted(name for name, count in Counter(columns).items() if count > 1 and name):
        raise ActionrecError(f"{path}: its header names the column(s) {', '.join(twice)} twice; keep one of each")
    return columns


def _line(cells: list[str], columns: list[str], path: Path, number: int, repairs: Counter[str]) -> Line:
    if any(cell.strip(_BLANK) for cell in cells[len(columns) :]):
        raise ActionrecError(
            f"{path} line {number}: {len(cells)} cells, but the header names {len(columns)} columns; "
            'put a cell that holds the separator in quotes ("a, b")'
        )
    if "\0" in "".join(cells):
        raise ActionrecError(f"{path} line {number}: it holds a zero byte; save the table as UTF-8 again")
    filled = [*cells, *[""] * (len(columns) - len(cells))]
    raw = {name: cell for name, cell in zip(columns, filled, strict=False) if name}
    clean = {}
    for name, cell in raw.items():
        stripped = cell.strip(_BLANK)
        clean[name] = unicodedata.normalize("NFC", stripped)
        if stripped != cell:
            repairs["blanks around a cell taken away"] += 1
    return Line(number, clean, raw)
