"""``kinetics``: Kay et al. 2017 and its kin, by their CSVs ``label,youtube_id,time_start,time_end,split``.

``data.annotations`` is one such file, or a folder of them. Videos lie anywhere below ``data.root``, called
``<youtube_id>_<time_start>_<time_end>.<suffix>`` with six digits each, as the usual downloaders write them. Whole ones,
``<youtube_id>.<suffix>``, are cut by the times where ``data.segments`` says so. The YouTube id is the group.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import Found, FoundVideo, some_videos
from actionrec.intake.ingest.listed import subset_of
from actionrec.intake.ingest.listing import Listing, list_files, printable
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.ingest.spans import span_of
from actionrec.intake.ingest.table import Line, Table, read_table

REQUIRED = ("label", "youtube_id", "time_start", "time_end")
_OWN = (*REQUIRED, "split")


def find(data: DataParams) -> Found:
    """The adapter: listed videos that are absent are counted, a file that no row names is left out.

    Raises :class:`ActionrecError` for a malformed row, for two files of one name, and where nothing listed is there.
    """
    root = Path(data.root)
    listing = some_videos(list_files(root, follow_links=data.follow_links), root)
    of_stem: defaultdict[str, list[str]] = defaultdict(list)
    for path in listing.videos:
        of_stem[PurePosixPath(path).stem].append(path)
    tables = [read_table(path, required=REQUIRED) for path in _files(Path(data.annotations))]
    videos: dict[str, FoundVideo] = {}
    uncut: set[str] = set()
    absent: list[str] = []
    for table in tables:
        for line in table.lines:
            names = _names(line, table)
            if found := next((name for name in names if name in of_stem), None):
                video = _video(line, table, _only(of_stem[found]), cut=found == names[-1])
                if found == names[-1] and not data.segments:
                    uncut.add(video.path)
                    continue
                _add(videos, video, line, table)
            else:
                absent.append(names[0])
    if uncut:
        shown = first_few(map(printable, sorted(uncut)))
        raise ActionrecError(
            f"{len(uncut)} video(s) are whole ones, of which the list names a part: {shown}; "
            "data.segments: true cuts them"
        )
    if not videos:
        raise ActionrecError(
            f"none of the {len(absent)} listed videos is under {root} (the first would be {first_few(absent, limit=2)})"
        )
    return Found(list(videos.values()), _notes(videos, absent, listing, tables), listing=listing)


def _files(annotations: Path) -> list[Path]:
    files = sorted(annotations.glob("*.csv")) if annotations.is_dir() else [annotations]
    if not files:
        raise ActionrecError(f"data.annotations: {annotations} holds no .csv; expected columns {', '.join(_OWN)}")
    return files


def _names(line: Line, table: Table) -> list[str]:
    """What the file of a row may be called, without suffix; last when it is whole."""
    youtube_id = line.cells["youtube_id"]
    if not youtube_id or not line.cells["label"]:
        raise ActionrecError(f"{table.path} line {line.number}: label and youtube_id must not be empty")
    start, end = _times(line, table)
    return [f"{youtube_id}_{int(start):06d}_{int(end):06d}", f"{youtube_id}_{int(start)}_{int(end)}", youtube_id]


def _times(line: Line, table: Table) -> tuple[float, float]:
    cells = line.cells
    return span_of(cells["time_start"], cells["time_end"], where=f"{table.path} line {line.number}")


def _only(paths: Sequence[str]) -> str:
    if len(paths) > 1:
        raise ActionrecError(f"{first_few(map(printable, paths))} have one name; remove or rename all but one of them")
    return paths[0]


def _video(line: Line, table: Table, path: str, *, cut: bool) -> FoundVideo:
    cells = line.cells
    start, end = _times(line, table) if cut else (0.0, 0.0)
    where = f"{table.path} line {line.number}"
    # Kinetics calls its validation set "validate" or "val", as releases differ: nothing to speak of.
    subset = subset_of(cells.get("split", ""), where=where, repairs=Counter())
    extra = tuple((name, value) for name, value in cells.items() if name not in _OWN)
    return FoundVideo(path, cells["label"], cells["youtube_id"], subset, start, end, extra=extra)


def _add(videos: dict[str, FoundVideo], video: FoundVideo, line: Line, table: Table) -> None:
    """A clip may be named by several lists; they must agree."""
    known = videos.setdefault(video.video_id, video)
    if (known.label, known.official_subset) != (video.label, video.official_subset):
        raise ActionrecError(
            f"{table.path} line {line.number}: {printable(video.video_id)} is {video.label} ({video.official_subset}) "
            f"here, and {known.label} ({known.official_subset}) in another row; keep one of them"
        )


def _notes(
    videos: Mapping[str, FoundVideo], absent: Sequence[str], listing: Listing, tables: Sequence[Table]
) -> list[str]:
    notes = [f"{len(videos)} of the {len(videos) + len(absent)} listed clips are there"]
    if absent:
        notes[0] += f"; {len(absent)} are absent: {first_few(absent)}"
    taken = {video.path for video in videos.values()}
    if unlisted := [printable(path) for path in listing.videos if path not in taken]:
        notes.append(f"{len(unlisted)} video(s) are in no list and are left out: {first_few(unlisted)}")
    return [*notes, *(note for table in tables for note in table.note())]
