"""Which defect rejects a video: rules over facts, apart from files and pixels.

To add a rule: its thresholds (a small section), its function, its reason code and wording, one below the other
as here; then its name in ``RULES``, and its thresholds among the bases of ``ScreenParams``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from actionrec.core.section import PositiveInt, Section

if TYPE_CHECKING:
    from actionrec.intake.screen.quality import Quality
    from actionrec.intake.screen.timing import Timing

_EVIDENCE_CHARS = 200


@dataclass(frozen=True)
class Facts:
    """What is known of one video when it is judged."""

    header: dict[str, Any]
    """The attributes of its frame file, see :func:`actionrec.intake.extract.decode.extract_video`."""
    num_frames: int
    """Decoded."""
    timing: Timing
    quality: Quality


@dataclass(frozen=True)
class Rule:
    """One way in which a video can be unfit."""

    reason: str
    """The code in ``data/screened.csv``."""
    meaning: str
    """For a person, after "rejected because"."""
    evidence: Callable[[Facts, ScreenParams], str]
    """What was seen where the rule rejects the video, else empty."""


def _unreadable(facts: Facts, _params: Section) -> str:
    header = facts.header
    if header["timed_out"]:
        return "decoding did not end within extract.timeout_seconds"
    if facts.num_frames > 0 or _is_without_video(header):
        return ""
    if header["returncode"] < 0:
        return f"the decoder was killed by signal {-header['returncode']}"
    if not header["probe_error"] and not header["num_streams"]:
        return f"the {header['container']} container holds no stream"
    if header["probe_error"]:
        return f"the container cannot be read: {header['probe_error']}"
    return (
        f"no frame of the {header['codec'] or 'video'} stream decoded ({header['decoder']}): {_first_message(header)}"
    )


UNREADABLE = Rule("unreadable", "no program could open it", _unreadable)


def _no_video(facts: Facts, _params: Section) -> str:
    if facts.num_frames > 0 or not _is_without_video(facts.header):
        return ""
    return f"no video among the {facts.header['num_streams']} stream(s) of the {facts.header['container']} container"


NO_VIDEO = Rule("no_video", "it holds no moving picture", _no_video)


class TooShortParams(Section):
    min_frames: PositiveInt
    """Fewer decoded frames reject as ``too_short``; not asked for where ``min_seconds`` is."""
    min_seconds: Annotated[float, Field(ge=0)] = 0.0
    """A shorter duration rejects as ``too_short``, however many frames it has; 0 judges by ``min_frames``. Set it where
    views or models sample by time (``fps``): a screen recording shows eight frames in six seconds."""


def _too_short(facts: Facts, params: TooShortParams) -> str:
    seconds = facts.timing.duration_seconds
    expected = facts.timing.expected_frames
    of = f" of {expected} declared" if expected > facts.num_frames else ""
    if params.min_seconds:
        # A still picture has one frame and no duration; timestamps that are made up tell none.
        is_short = facts.num_frames < 2 or seconds < params.min_seconds
        return (
            f"{seconds:.2f} s in {facts.num_frames}{of} frames, less than {params.min_seconds:g} s" if is_short else ""
        )
    if facts.num_frames >= params.min_frames:
        return ""
    return f"{facts.num_frames}{of} frames decoded, fewer than {params.min_frames}"


TOO_SHORT = Rule("too_short", "too few frames", _too_short)


class DecodeErrorsParams(Section):
    max_decode_errors: Annotated[int, Field(ge=0)]
    """More complaints of the decoder reject as ``decode_errors``."""
    max_lead_in_errors: Annotated[int, Field(ge=0)] = 1000
    """Complaints that are not counted as damage: those before the first picture of a recording that starts between key
    frames, as off the air. More of them reject too."""


def _decode_errors(facts: Facts, params: DecodeErrorsParams) -> str:
    header = facts.header
    if header["returncode"] < 0:
        return f"the decoder was killed by signal {-header['returncode']} after {facts.num_frames} frames"
    if header["decode_errors"] > params.max_decode_errors:
        return f"{header['decode_errors']} complaint(s) of the decoder ({header['decoder']}): {_first_message(header)}"
    if header["lead_in_errors"] > params.max_lead_in_errors:
        return (
            f"{header['lead_in_errors']} complaint(s) of the decoder ({header['decoder']}) before the first picture: "
            f"{_first_message(header)}"
        )
    return ""


DECODE_ERRORS = Rule("decode_errors", "the decoder complained", _decode_errors)


class MissingFramesParams(Section):
    max_missing_frames: Annotated[int, Field(ge=0)]
    """More frames missing against what the container declares reject as ``missing_frames``."""


def _missing_frames(facts: Facts, params: MissingFramesParams) -> str:
    if facts.timing.missing_frames <= params.max_missing_frames:
        return ""
    return f"{facts.num_frames} of {facts.timing.expected_frames} declared frames decoded"


MISSING_FRAMES = Rule("missing_frames", "frames are missing against what the file declares", _missing_frames)


class TimestampGapParams(Section):
    max_gap_steps: Annotated[float, Field(gt=1)]
    """A step between timestamps of at most this many median steps is no gap."""
    max_gap_seconds: Annotated[float, Field(ge=0)] = 0.2
    """A longer gap rejects as ``timestamp_gap``."""
    max_gap_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """A gap that is a larger share of the duration rejects as well."""


def _timestamp_gap(facts: Facts, params: TimestampGapParams) -> str:
    timing = facts.timing
    if timing.steps_back:
        return f"{timing.steps_back} timestamp(s) do not come after the one before"
    share = timing.largest_gap_seconds / timing.duration_seconds if timing.duration_seconds else 0.0
    is_long = timing.largest_gap_seconds > params.max_gap_seconds or share > params.max_gap_share
    if timing.largest_gap_steps <= params.max_gap_steps or not is_long:
        return ""
    return (
        f"{timing.largest_gap_seconds:.3f} s without a frame after frame {timing.largest_gap_frame}: "
        f"{timing.largest_gap_steps:.1f} median steps, {100 * share:.0f} % of the duration"
    )


TIMESTAMP_GAP = Rule("timestamp_gap", "a hole in time between frames", _timestamp_gap)


class BlankParams(Section):
    blank_contrast: Annotated[float, Field(ge=0, le=128)]
    """A frame is blank if its grey levels (0-255) have at most this standard deviation."""
    max_blank_fraction: Annotated[float, Field(ge=0, le=1)]
    """A larger share of blank frames rejects as ``blank``."""


def _blank(facts: Facts, params: BlankParams) -> str:
    if facts.quality.blank_fraction <= params.max_blank_fraction:
        return ""
    num_blank = round(facts.quality.blank_fraction * facts.num_frames)
    return f"{num_blank} of {facts.num_frames} frames are of one colour"


BLANK = Rule("blank", "most frames show nothing", _blank)


RULES = (
    UNREADABLE,
    NO_VIDEO,
    TOO_SHORT,
    DECODE_ERRORS,
    MISSING_FRAMES,
    TIMESTAMP_GAP,
    BLANK,
)
"""In order of precedence: a video is rejected for the first that holds."""


class ScreenParams(
    TooShortParams,
    DecodeErrorsParams,
    MissingFramesParams,
    TimestampGapParams,
    BlankParams,
):
    """The section ``screen`` of ``params.yaml``: the thresholds of all rules."""

    allow_lost_classes: bool = False
    """False stops where not one video of a class is kept. Classes that ``data.classes`` names are never given up."""


def rejection(facts: Facts, params: ScreenParams) -> tuple[str, str]:
    """Reason code and evidence of the first defect in the order of :data:`RULES`; empty for a good video."""
    for rule in RULES:
        if evidence := rule.evidence(facts, params):
            return rule.reason, evidence[:_EVIDENCE_CHARS]
    return "", ""


def _is_without_video(header: dict[str, Any]) -> bool:
    return header["num_streams"] > 0 and not header["has_video"]


def _first_message(header: dict[str, Any]) -> str:
    lines = str(header["decoder_messages"]).splitlines()
    errors = [line for line in lines if "[error]" in line or "[fatal]" in line or "corrupt" in line]
    return (errors or lines or [""])[0]
