"""``folder``: class folders with groups by a regular expression, or a CSV that says both."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import Found, FoundVideo, some_videos
from actionrec.intake.ingest.groups import group_by_pattern, without_groups
from actionrec.intake.ingest.listed import find_listed, read_videos_table
from actionrec.intake.ingest.listing import list_files, printable
from actionrec.intake.ingest.section import DataParams

COLUMNS = ("path", "label", "group", "official_subset")


def find(data: DataParams) -> Found:
    """The adapter: videos by the rows of ``data.annotations`` as ``csv`` reads them, or by folders where it has none.

    A video is a file ``<class>/.../<video>.<suffix>``, or a folder of images ``<class>/.../<video>/``.
    """
    table = read_videos_table(Path(data.annotations))
    return find_listed(table, data) if table.lines else find_in_folders(data)


def find_in_folders(data: DataParams) -> Found:
    """Videos labelled by their first folder; raises :class:`ActionrecError` for those that lie in none."""
    root = Path(data.root)
    listing = list_files(root, follow_links=data.follow_links)
    if not listing.image_folders:
        some_videos(listing, root)
    paths = sorted([*listing.videos, *listing.image_folders])
    if loose := [path for path in paths if "/" not in path]:
        raise ActionrecError(
            f"{len(loose)} video(s) lie directly in {root}: {first_few(map(printable, loose))}; a video's class is its "
            "first folder below data.root, so make one folder a class, or name the labels in a CSV (data.annotations)"
        )
    labels = [unicodedata.normalize("NFC", path.split("/", 1)[0]) for path in paths]
    notes = []
    if listing.image_folders:
        shown = first_few(map(printable, listing.image_folders))
        notes.append(f"{len(listing.image_folders)} folder(s) of images are taken as one video each: {shown}")
    if data.group_pattern:
        groups = group_by_pattern(paths, data.group_pattern)
    else:
        groups = paths
        notes += without_groups(list(zip(paths, labels, strict=True)))
    folders = set(listing.image_folders)
    videos = [
        FoundVideo(path, label, group, is_folder=path in folders)
        for path, label, group in zip(paths, labels, groups, strict=True)
    ]
    return Found(videos, notes, listing=listing)
