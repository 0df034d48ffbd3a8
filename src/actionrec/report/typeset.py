"""The page as a document to print: report.html, read again, as Typst. What the page says, the PDF says.

Only what our own templates use is understood. Every text becomes a string, so no text can be taken for markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "input", "br", "wbr", "img", "link"}
_SKIPPED = {"head", "nav", "script", "noscript", "input", "label", "style"}
_SKIPPED_CLASSES = {"controls", "defs", "screen-only"}
_BLOCKS = {"header", "main", "section", "footer", "div", "details", "body", "html", "figure"}
_COLORS = {
    "train": "#8fa3c4", "val": "#d9a441", "test": "#3b7dd8",
    "key-pose": "#e0b000", "key-face": "#9a9a9a", "key-left": "#ff6fb0", "key-right": "#2bb8d6",
}  # fmt: skip
_COLUMNS = {"19rem": 3, "27rem": 2}
"""By how wide the cards of a grid are on the page."""
_HEAT = 0.45
_WHOLE_ROWS = 14
"""A table with at most so many stays on one page."""
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


@dataclass
class Node:
    """An element."""

    tag: str
    attrs: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attrs.get("class", "").split()

    def elements(self, *tags: str) -> Iterator[Node]:
        """The children that are elements, of ``tags`` where any are given."""
        for child in self.children:
            if isinstance(child, Node) and (not tags or child.tag in tags):
                yield child

    def variable(self, name: str) -> str:
        """A custom property of its ``style``."""
        found = re.search(rf"{re.escape(name)}:([^;]*)", self.attrs.get("style", ""))
        return found[1].strip() if found else ""


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Node("root", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def typeset(html: str, picture: Callable[[str], str]) -> str:
    """The body of the document; ``picture`` gives the Typst that shows an ``<svg>`` element of the page."""
    drawings: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        # HTML is read in lower case, which SVG does not survive.
        if 'class="defs"' in found[0]:
            return ""
        drawings.append(found[0])
        return f'<img id="{len(drawings) - 1}">'

    tree = _Tree()
    tree.feed(_SVG.sub(set_aside, html))
    return _Writer([picture(drawing) for drawing in drawings]).inside(tree.root)


def string(text: str) -> str:
    """A string literal; words may break after ``_`` and ``/``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return '"' + re.sub(r"([_/])", "\\1\u200b", escaped) + '"'


class _Writer:
    """Turns nodes into Typst."""

    def __init__(self, pictures: list[str]) -> None:
        self._pictures = pictures

    def inside(self, node: Node) -> str:
        return "".join(self.of(child, node) for child in node.children)

    def of(self, node: Node | str, parent: Node) -> str:
        if isinstance(node, str):
            text = re.sub(r"[ \t\n]+", " ", node)
            between_blocks = not text.strip() and parent.tag in _BLOCKS | {"root"}
            return "" if between_blocks else f"#{string(text)};"
        if node.tag in _SKIPPED or _SKIPPED_CLASSES & set(node.classes):
            return ""
        special = getattr(self, f"_{node.tag}", None)
        return special(node) if special else self.inside(node)

    # Blocks

    def _h1(self, node: Node) -> str:
        return f"#title[{self.inside(node)}]\n"

    def _h2(self, node: Node) -> str:
        return f"\n#heading(level: 1)[{self.inside(node)}]\n"

    def _h3(self, node: Node) -> str:
        return f"\n#heading(level: 2)[{self.inside(node)}]\n"

    def _summary(self, node: Node) -> str:
        return self._h3(node)

    def _p(self, node: Node) -> str:
        known = next((name for name in ("eyebrow", "subtitle", "answer", "note") if name in node.classes), "paragraph")
        return f"#{known}[{self.inside(node)}]\n"

    def _caption(self, node: Node) -> str:
        return f"#caption[{self.inside(node)}]\n"

    def _div(self, node: Node) -> str:
        if "banner" in node.classes:
            return f"#banner[{self.inside(node)}]\n"
        if "distrust" in node.classes:
            inner = self.inside(node).replace("#heading(level: 1)[", "#strong[")
            return f"#distrust[{inner}]\n"
        if "legend" in node.classes:
            return f"#legend[{'#h(9pt);'.join(self.of(child, node) for child in node.elements())}]\n"
        if "stack" in node.classes:
            parts = (
                f"({float(part.variable('width').rstrip('%')) / 100:.4f}, {_color(part)})" for part in node.elements()
            )
            return f"#stacked({', '.join(parts)});"
        for name, columns in (("grid", _COLUMNS.get(node.variable("--column"), 1)), ("strips", 2), ("frames", 3)):
            if name in node.classes:
                return self._cards(columns, node)
        return self.inside(node)

    def _cards(self, columns: int, node: Node) -> str:
        items = ", ".join(f"[{self.inside(child)}]" for child in node.elements())
        return f"#cards({columns}, {items})\n"

    def _details(self, node: Node) -> str:
        """Several short tables stand beside each other."""
        tables = [part for part in node.elements("div") if any(_is_short(table) for table in part.elements("table"))]
        if len(tables) < 2:
            return self.inside(node)
        before = "".join(self.of(part, node) for part in node.elements("summary"))
        return before + self._cards(2, Node("div", {}, list(tables)))

    def _figcaption(self, node: Node) -> str:
        # The title is a line of its own, and what follows begins the next.
        return re.sub(r'(#linebreak\(\);\]?#") ', r"\1", f"#note[{self.inside(node)}]")

    def _ul(self, node: Node) -> str:
        return "#list(" + ", ".join(f"[{self.inside(item)}]" for item in node.elements("li")) + ")\n"

    def _dl(self, node: Node) -> str:
        inner = [child for item in node.elements() for child in (item.elements() if item.tag == "div" else [item])]
        pairs = ", ".join(
            f"([{self.inside(name)}], [{self.inside(value)}])"
            for name, value in zip(inner[::2], inner[1::2], strict=True)
        )
        if "tiles" in node.classes:
            return f"#tiles({pairs.replace('#small[', '#tile-note[')})\n"
        return f"#terms({pairs})\n"

    def _pre(self, node: Node) -> str:
        text = "".join(child for child in node.children if isinstance(child, str))
        lines = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'#block(raw("{lines}", block: true))\n'

    # Text

    def _b(self, node: Node) -> str:
        bold = f"#strong[{self.inside(node)}]#linebreak();"
        return f"#bad[{bold}]" if "wrong" in node.classes else bold

    def _strong(self, node: Node) -> str:
        return f"#strong[{self.inside(node)}]#linebreak();"

    def _em(self, node: Node) -> str:
        return f"#emph[{self.inside(node)}]"

    def _code(self, node: Node) -> str:
        return f"#mono[{self.inside(node)}]"

    def _small(self, node: Node) -> str:
        return f"#small[{self.inside(node)}]"

    def _br(self, _: Node) -> str:
        return "#linebreak();"

    def _i(self, node: Node) -> str:
        return f"#swatch({_color(node)});"

    def _img(self, node: Node) -> str:
        return self._pictures[int(node.attrs["id"])]

    def _span(self, node: Node) -> str:
        if "dot" in node.classes:
            return f"#dot({_color(node)});"
        for name, style in (("chip", "chip"), ("ok", "good"), ("alarm", "bad")):
            if name in node.classes:
                return f"#{style}[{self.inside(node)}]"
        return self.inside(node)

    # Tables

    def _table(self, node: Node) -> str:
        captions = "".join(self._caption(child) for child in node.elements("caption"))
        head = [row for part in node.elements("thead") for row in part.elements("tr")]
        body = [row for part in node.elements("tbody", "tfoot") for row in part.elements("tr")]
        columns = len(list(head[0].elements()))
        size = 8.0 if columns <= 6 else 7.0 if columns <= 9 else 6.0 if columns <= 12 else 5.0
        all_left = "rejected" in node.classes
        rows = [
            ", ".join(
                self._cell(cell, place, all_left=all_left) for row in part for place, cell in enumerate(row.elements())
            )
            for part in (head, body)
        ]
        # A trailing comma makes an array of one cell too.
        widths = str(columns) if columns <= 9 else f"(28mm, {', '.join(['auto'] * (columns - 1))})"
        table = f"{captions}#data-table({widths}, {size}pt, ({rows[0]},), {rows[1]})\n"
        return f"#whole[{table}]\n" if _is_short(node) else table

    def _cell(self, cell: Node, place: int, *, all_left: bool) -> str:
        inner = self.inside(cell).replace("#small[", "#linebreak();#small[")
        if "bar" in cell.classes:
            inner = f"#bar({float(cell.variable('--v')):.4f}, {_color(cell)}, [{inner}]);"
        for name, style in (("right", "good"), ("wrong", "bad")):
            if name in cell.classes:
                inner = f"#{style}[{inner}]"
        if cell.tag == "th":
            inner = f"#strong[{inner}]"
        left = place == 0 or all_left or "left" in cell.classes
        fill = ""
        if "heat" in cell.classes:
            share = 100 - 100 * _HEAT * float(cell.variable("--v"))
            fill = f", fill: {_color(cell)}.lighten({share:.1f}%)"
        return f"table.cell(align: {'left' if left else 'right'} + horizon{fill})[{inner}]"


def _is_short(table: Node) -> bool:
    return sum(len(list(part.elements("tr"))) for part in table.elements("tbody", "tfoot")) <= _WHOLE_ROWS


def _color(node: Node) -> str:
    """Of a dot, a bar or a swatch: of its style, or what its class stands for."""
    found = node.variable("--c") or node.variable("background")
    if named := re.fullmatch(r"var\(--(\w+)\)", found):
        found = _COLORS[named[1]]
    found = found or next((_COLORS[name] for name in node.classes if name in _COLORS), "#888888")
    return f'rgb("{found}")'
