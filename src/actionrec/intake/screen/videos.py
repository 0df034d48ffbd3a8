"""The verdict on every video of the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ManifestRow, ScreenedRow
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.screen.quality import Quality, measure_quality
from actionrec.intake.screen.remarks import remarks_on
from actionrec.intake.screen.rules import RULES, Facts, ScreenParams, rejection
from actionrec.intake.screen.timing import Timing, measure_timing

_DIGITS = 6


@dataclass(frozen=True)
class Verdict:
    """What was found out about one video."""

    reason: str
    """Of one of :data:`actionrec.intake.screen.rules.RULES`, empty for a video that is kept."""
    evidence: str
    """Against a rejected video."""
    remarks: str
    """What is worth knowing of it, rejected or not."""
    num_frames: int
    width: int
    height: int
    decode_errors: int
    timing: Timing
    quality: Quality


@dataclass(frozen=True)
class QualityRow:
    """One video in ``reports/plots/quality.csv``."""

    video_id: str
    num_frames: int
    duration_seconds: float
    fps: float
    mean_brightness: float
    contrast: float
    sharpness: float
    motion: float
    largest_gap_steps: float
    decode_errors: int
    missing_frames: int
    blank_fraction: float
    kept: int
    reason: str


def screen_video(path: Path, params: ScreenParams) -> Verdict:
    """Judge the extracted video ``path``.

    Raises :class:`ActionrecError` only for a frame file that is itself incomplete.
    """
    with open_frames(path) as frames:
        timing = measure_timing(frames)
        quality = measure_quality(frames, blank_contrast=params.blank_contrast)
        header = frames.attributes
        reason, evidence = rejection(Facts(header, frames.num_frames, timing, quality), params)
        return Verdict(
            reason=reason,
            evidence=evidence,
            remarks=remarks_on(header),
            num_frames=frames.num_frames,
            width=frames.width,
            height=frames.height,
            decode_errors=int(header["decode_errors"]),
            timing=timing,
            quality=quality,
        )


def screen_videos(
    rows: Sequence[ManifestRow], *, frames_dir: Path, params: ScreenParams, compute: ComputeParams
) -> tuple[list[ScreenedRow], list[QualityRow]]:
    """Judge every video of ``rows``, whose frames are ``frames_dir/<video_id>.h5``.

    Both lists are sorted by ``video_id`` and hold every video. Raises :class:`ActionrecError` when
    nothing is kept.
    """
    paths = {(frames_dir / f"{row.video_id}.h5").resolve(): row for row in rows}
    screened, qualities = [], []
    judged = map_items(
        partial(screen_video, params=params),
        sorted(paths),
        compute=compute,
        desc="screen",
        failed=lambda verdict: bool(verdict.reason),
        failed_word="rejected",
    )
    for path, verdict in judged:
        screened.append(_screened_row(paths[path], verdict))
        qualities.append(_quality_row(paths[path], verdict))
    screened.sort(key=lambda row: row.video_id)
    _check_some_kept(screened)
    return screened, sorted(qualities, key=lambda row: row.video_id)


def reason_counts(rows: Sequence[ScreenedRow]) -> str:
    """``2 blank, 1 too_short``: the rejections by reason, in order of precedence."""
    counts = Counter(row.reason for row in rows if not row.kept)
    return ", ".join(f"{counts[rule.reason]} {rule.reason}" for rule in RULES if counts[rule.reason])


def _check_some_kept(rows: Sequence[ScreenedRow]) -> None:
    if any(row.kept for row in rows):
        return
    example = f"; for example {rows[0].video_id}: {rows[0].evidence}" if rows else ""
    raise ActionrecError(
        f"screening keeps none of {len(rows)} video(s): {reason_counts(rows) or 'there is none'}{example}; "
        "check data.root, or relax the thresholds of `screen` in params.yaml"
    )


def _screened_row(row: ManifestRow, verdict: Verdict) -> ScreenedRow:
    return ScreenedRow(
        video_id=row.video_id,
        label=row.label,
        group=row.group,
        official_subset=row.official_subset,
        digest=row.content_digest,
        kept=int(not verdict.reason),
        reason=verdict.reason,
        evidence=verdict.evidence or verdict.remarks,
        num_frames=verdict.num_frames,
        duration_seconds=round(verdict.timing.duration_seconds, _DIGITS),
        width=verdict.width,
        height=verdict.height,
        signature=verdict.quality.signature,
    )


def _quality_row(row: ManifestRow, verdict: Verdict) -> QualityRow:
    found = {**asdict(verdict.timing), **asdict(verdict.quality)}
    named = {field.name: found[field.name] for field in fields(QualityRow) if field.name in found}
    return QualityRow(
        video_id=row.video_id,
        num_frames=verdict.num_frames,
        decode_errors=verdict.decode_errors,
        kept=int(not verdict.reason),
        reason=verdict.reason,
        **{name: round(value, _DIGITS) for name, value in named.items()},
    )
