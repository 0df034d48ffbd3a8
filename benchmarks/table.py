"""The results of `make bench` as one Markdown table."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.pairs import ratios
from benchmarks.rows import ROWS

RESULTS = Path("benchmarks/results")
HEAD = "| what | against | times as fast | of the processor's time | times as small | aim |"


def results(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """All results, in the order of the rows of `benchmarks.run`, those of a GPU at the end."""
    names = [f"{row}{device}" for device in ("", "-cuda") for row in ROWS]
    return [json.loads((folder / f"{name}.json").read_text()) for name in names if (folder / f"{name}.json").exists()]


def spread(values: tuple[float, float, float]) -> str:
    """``12.1 (11.8 to 12.6)``."""
    median, least, largest = (f"{value:.3g}" for value in values)
    return f"**{median}** ({least} to {largest})"


def lines_of(result: dict[str, Any]) -> Iterator[str]:
    """Markdown rows of one result: one a baseline, and one a way that has a limit of its own."""
    what = f"{result['what']}{', ' + result['gpu'] if result['gpu'] else ''}"
    *baselines, ours = result["ways"]
    if ours["limit_seconds"] is not None or ours.get("limit_share") is not None:
        yield from (limited(what, way) for way in result["ways"])
        return
    for way in baselines:
        small = way["num_bytes"] / ours["num_bytes"] if way["num_bytes"] and ours["num_bytes"] else None
        aims = [f"{way['aim']:g}"] if way["aim"] else []
        aims += [f"{way['bytes_aim']:g} as small"] if way["bytes_aim"] else []
        cells = [
            what,
            way["name"],
            spread(ratios(way["wall"], ours["wall"])),
            spread(ratios(way["cpu"], ours["cpu"])),
            f"**{small:.3g}**" if small else "",
            ", ".join(aims),
        ]
        yield "| " + " | ".join(cells) + " |"
        what = ""


def limited(what: str, way: dict[str, Any]) -> str:
    """The Markdown row of a way with a limit of its own, in seconds or as a share."""
    wall, cpu = statistics.median(way["wall"]), statistics.median(way["cpu"])
    if way.get("limit_share") is not None:
        return f"| {what}: {way['name']} | | {wall:.1%} | {cpu:.1%} | | {way['limit_share']:.0%} |"
    return f"| {what}: {way['name']} | | {wall:.2f} s | {cpu:.2f} s | | {way['limit_seconds']:g} s |"


def table(found: list[dict[str, Any]]) -> str:
    """All of it: the table, the notes, and what it was measured on."""
    cores: dict[str, int] = {}
    for machine in (of["machine"] for of in found):  # some rows keep to one core of it
        named = f"{machine['cpu']} ({machine['vectors']})"
        cores[named] = max(cores.get(named, 0), machine["cores"])
    machines = [f"{named}, {count} cores" for named, count in cores.items()]
    lines = [HEAD, "|---" * HEAD.count(" | ") + "|---|", *(line for result in found for line in lines_of(result))]
    notes = [f"- {result['what']}: {result['note']}" for result in found if result["note"]]
    return "\n".join([*lines, "", f"Measured on: {'; '.join(machines)}.", *([""] if notes else []), *notes])
