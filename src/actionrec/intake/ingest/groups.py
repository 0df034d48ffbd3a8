"""Groups by a regular expression, which one would do where none is given, and groups that look like one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.listing import printable

_MOST_PARTS = 8
_LOOKED_AT = 20_000
_SEPARATORS = "_. -"  # in a class of a regular expression: the hyphen last


def group_by_pattern(paths: Sequence[str], group_pattern: str) -> list[str]:
    """The group of each path; raises :class:`ActionrecError` naming those in which the pattern finds none."""
    pattern = re.compile(group_pattern)
    matches = [pattern.search(path) for path in paths]
    unmatched = [path for path, match in zip(paths, matches, strict=True) if not (match and match["group"])]
    if unmatched:
        raise ActionrecError(
            f"data.group_pattern: {group_pattern!r} finds no group in {len(unmatched)} of {len(paths)} paths: "
            f"{first_few(map(printable, unmatched))}"
        )
    return [match["group"] for match in matches if match]


def without_groups(videos: Sequence[tuple[str, str]], *, asked_for: str = "") -> list[str]:
    """What to say where nothing names groups; ``videos`` are paths with labels."""
    note = (
        f"{'there is no ' + asked_for + ', and ' if asked_for else ''}data.group_pattern is empty: every video is its "
        "own group, so nothing stops one person or scene from falling into several subsets"
    )
    if found := suggest_pattern(videos):
        pattern, groups = found
        note += f"; data.group_pattern: '{pattern}' would read {len(groups)} groups from the names: {first_few(groups)}"
    return [note]


def suggest_pattern(videos: Sequence[tuple[str, str]]) -> tuple[str, list[str]] | None:
    """A pattern for the paths of ``videos``, given with labels, and the groups that it would give; ``None`` for none.

    It reads one folder below the class, or one part of the file names between ``-_.`` and blanks. Every path must have
    that part; it must be shared by videos, also of different classes, and say more than the class; of several the
    first whose values are no bare numbers, and these only where they do not just count the clips of a class.
    """
    videos = videos[:: 1 + len(videos) // _LOOKED_AT]
    fitting = []
    for pattern in _candidates():
        values = _values(pattern, videos)
        if values and _may_be_groups(values, [label for _, label in videos]):
            fitting.append((all(value.isdigit() for value in values), pattern, sorted(set(values))))
    if not fitting:
        return None
    _, pattern, groups = min(fitting, key=lambda found: found[0])
    return pattern, groups


def _candidates() -> Iterable[str]:
    yield "^[^/]+/(?P<group>[^/]+)/"
    part, gap = f"[^/{_SEPARATORS}]+", f"[{_SEPARATORS}]+"
    for number in range(_MOST_PARTS):
        before = f"(?:{part}{gap}){{{number}}}" if number else ""
        yield f"(?:^|/){before}(?P<group>{part}){gap}[^/]*$"


def _values(pattern: str, videos: Sequence[tuple[str, str]]) -> list[str]:
    """The group of every video; nothing where a single one has none."""
    compiled = re.compile(pattern)
    values = []
    for path, _ in videos:
        match = compiled.search(path)
        if match is None:
            return []
        values.append(match["group"])
    return values


def _may_be_groups(values: Sequence[str], labels: Sequence[str]) -> bool:
    labels_of: defaultdict[str, set[str]] = defaultdict(set)
    for value, label in zip(values, labels, strict=True):
        labels_of[value].add(label)
    several = sum(len(found) > 1 for found in labels_of.values())
    of_classes = sum(map(len, labels_of.values()))
    if all(value.isdigit() for value in values) and of_classes > len(values) / 2:
        return False
    return 3 <= len(labels_of) <= len(values) / 2 and several >= len(labels_of) / 2


def alike_groups(groups: Iterable[str], *, of: str = "groups") -> list[str]:
    """A sentence that names those that differ in case or blanks alone; none where all differ otherwise."""
    spelt: defaultdict[str, set[str]] = defaultdict(set)
    for group in groups:
        spelt["".join(group.casefold().split())].add(group)
    alike = sorted(" = ".join(sorted(map(printable, names))) for names in spelt.values() if len(names) > 1)
    if not alike:
        return []
    return [f"{len(alike)} {of} are written in several ways and count as different: {first_few(alike)}"]
