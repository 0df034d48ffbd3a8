"""``actionrec doctor --data``: what a run on a folder of videos will read, skip, take and need."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actionrec.cli.forecast import Forecast, forecast
from actionrec.cli.output import print_json
from actionrec.cli.survey import Headers, Survey, survey
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.progress import spoken
from actionrec.intake.ingest.folder import COLUMNS
from actionrec.params import PARAMS_FILE, Params, load_params

_EMBEDDED = Path("data/raw/synthetic")
"""What ``data`` names as shipped; nothing of it holds for another folder."""
_LISTED = 12


@dataclass(frozen=True)
class DataFindings:
    """What was seen, and what is expected of a run."""

    survey: Survey
    forecast: Forecast | None
    free_bytes: int


def examine_data(*, root: Path | None, changes: Sequence[str], as_json: bool) -> None:
    """Print the findings; raises :class:`ActionrecError` where a run would fail."""
    with tempfile.TemporaryDirectory() as folder:
        params = changed_params(root=root, changes=changes, folder=Path(folder))
        seen = survey(params.data, params.compute)
        expected = _expected(seen, params)
    free = shutil.disk_usage(Path.cwd()).free
    if as_json:
        print_json(DataFindings(seen, expected, free))
    else:
        print("\n".join([*_survey_lines(seen), *_forecast_lines(expected, seen, free)]))
    problems = list(seen.problems)
    if expected and expected.disk_bytes > free:
        problems.append(f"the run needs about {_gb(expected.disk_bytes)}, and {_gb(free)} are free")
    if problems:
        raise ActionrecError("; ".join(problems))


def changed_params(*, root: Path | None, changes: Sequence[str], folder: Path) -> Params:
    """``params.yaml`` with ``changes``, as ``dvc exp run -S`` makes them, in a copy in ``folder``."""
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    if not PARAMS_FILE.exists():
        raise ActionrecError(f"{PARAMS_FILE} does not exist; run from the root of the project")
    copy = folder / PARAMS_FILE.name
    shutil.copyfile(PARAMS_FILE, copy)
    own = [] if root is None else [f"data.root={_quoted(str(root.resolve()))}"]
    try:
        apply_overrides(copy, [*own, *changes])
    except DvcException as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise ActionrecError(f"-S {' '.join(changes)}: {reason} A new key takes a + before it.") from None
    params = load_params(copy)
    if Path(params.data.root) == _EMBEDDED:
        return params
    data = params.data
    if data.name == "synthetic":
        data = data.model_copy(update={"name": "folder"})
    if (
        data.name == "folder" and _EMBEDDED in Path(data.annotations).parents
    ):  # as the first stage leaves it for another data set
        empty = folder / "labels.csv"
        empty.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
        data = data.model_copy(update={"annotations": str(empty)})
    return params.model_copy(update={"data": data})


def _quoted(text: str) -> str:
    """As Hydra reads any text."""
    escaped = text.replace("'", "\\'")
    return f"'{escaped}'"


def _expected(seen: Survey, params: Params) -> Forecast | None:
    if seen.headers is None or not seen.headers.typical:
        return None
    video = (Path(params.data.root) / seen.headers.typical).resolve()
    return forecast(video, params, num_videos=seen.videos, mean_frames=seen.headers.mean_frames)


def _survey_lines(seen: Survey) -> list[str]:
    lines = [f"{seen.root}, as data.name: {seen.adapter}"]
    if seen.videos:
        fewest, most = min(seen.classes.values()), max(seen.classes.values())
        each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        lines += [
            f"  videos     {seen.videos} in {_gb(seen.num_bytes)}: {_counts(seen.suffixes)}",
            f"  classes    {len(seen.classes)}, of {each} videos: {_counts(seen.classes)}",
            f"  groups     {seen.groups}",
        ]
    elif seen.suffixes:
        lines.append(f"  videos     {_counts(seen.suffixes)} files, of which none can be taken (see the error)")
    if seen.headers:
        lines += _header_lines(seen.headers)
    lines += [f"  skipped    {item.count} {item.what}: {item.examples}" for item in seen.skipped]
    lines += [f"  identical  {line}" for line in seen.identical[:_LISTED]]
    if len(seen.identical) > _LISTED:
        lines.append(f"  identical  and {len(seen.identical) - _LISTED} sets more (--json lists all)")
    return [*lines, *(f"  note       {note}" for note in seen.notes)]


def _header_lines(headers: Headers) -> list[str]:
    seconds = (headers.shortest_seconds, headers.median_seconds, headers.longest_seconds)
    shortest, median, longest = (f"{value:.3g}" for value in seconds)
    lines = [
        f"  pictures   {_counts(headers.sizes)}; {_counts(headers.codecs)} (headers of {headers.videos})",
        f"  seconds    {shortest} to {longest}, median {median}; {headers.mean_frames:.0f} frames a video",
    ]
    if headers.unreadable:
        lines.append(f"  unreadable {headers.unreadable}: they will be rejected")
    return lines


def _forecast_lines(expected: Forecast | None, seen: Survey, free: int) -> list[str]:
    if expected is None:
        why = "no video could be decoded in time" if seen.headers else "it is made for video files alone"
        return [f"  estimate   none: {why}"] if seen.videos else []
    lines = [f"  estimate   {spoken(expected.decode_seconds)} to decode {expected.num_frames:,} frames"]
    if expected.keypoint_seconds:
        lines[0] += f", {spoken(expected.keypoint_seconds)} for keypoints"
    return [
        f"{lines[0]}; features and training come on top",
        f"  disk       about {_gb(expected.disk_bytes)} beside the videos, {_gb(free)} free",
        f"  (an estimate: measured on {expected.measured_on} alone, and scaled by the frames)",
    ]


def _counts(counted: dict[str, int]) -> str:
    return first_few((f"{count} {word}" for word, count in counted.items()), limit=_LISTED)


def _gb(num_bytes: float) -> str:
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.1f} MB"
