from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.conftest import REPO
from tests.intake.extract.making import encode, extracted
from tests.intake.screen.test_rules import PARAMS

from actionrec.intake.screen.quality import measure_quality
from actionrec.intake.screen.signature import COLUMNS, ROWS, signature_distance, signature_of
from actionrec.params import load_params

CELLS = ROWS * COLUMNS


def _scene(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).uniform(20, 230, (6, 8)).astype(np.float32)
    return cv2.resize(coarse, (96, 72), interpolation=cv2.INTER_LINEAR)


def _with_cells_changed(signature: str, cells: int, by: int) -> str:
    levels = np.frombuffer(bytes.fromhex(signature), np.uint8).astype(int)
    levels[:cells] += np.where(levels[:cells] < 128, by, -by)
    return levels.astype(np.uint8).tobytes().hex()


def test_one_byte_a_cell() -> None:
    assert len(bytes.fromhex(signature_of(_scene(0)))) == CELLS


def test_gain_offset_and_size_of_the_picture_do_not_matter() -> None:
    scene = _scene(0)
    changed = cv2.resize(scene * 0.8 + 20, (160, 120), interpolation=cv2.INTER_AREA)
    assert signature_distance(signature_of(scene), signature_of(changed)) < 0.01


def test_other_scenes_are_far() -> None:
    assert signature_distance(signature_of(_scene(0)), signature_of(_scene(1))) > 0.5


def test_another_figure_in_the_same_scene_is_seen() -> None:
    one, other = _scene(0), _scene(0)
    one[20:60, 30:42] = 0
    other[24:60, 34:46] = 0
    limit = load_params(REPO / "params.yaml").split.near_duplicate_distance
    assert signature_distance(signature_of(one), signature_of(other)) > limit


def test_a_picture_without_structure_has_a_signature() -> None:
    assert set(bytes.fromhex(signature_of(np.full((48, 64), 7.0)))) == {128}


@pytest.mark.parametrize(("by", "counts"), [(8, False), (9, True)])
def test_the_distance_counts_the_cells_that_differ_visibly(by: int, counts: bool) -> None:
    signature = signature_of(_scene(0))
    expected = 10 / CELLS if counts else 0.0
    assert signature_distance(signature, _with_cells_changed(signature, 10, by)) == pytest.approx(expected)


def test_signatures_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="432 cells, not 2"):
        signature_distance("0102", "0102")


COPIES = {
    "recompressed": ["-c:v", "libx264", "-crf", "28"],
    "scaled": ["-vf", "scale=trunc(iw*0.35)*2:trunc(ih*0.35)*2", "-c:v", "mpeg4", "-q:v", "5"],
    "trimmed": ["-vf", "trim=start_frame=2,setpts=PTS-STARTPTS", "-c:v", "libx264", "-crf", "23"],
}


@pytest.mark.real
def test_copies_of_real_clips_are_near_and_other_people_in_the_same_scene_are_not(
    real_clips: Path, tmp_path: Path
) -> None:
    # The hardest case there is: nine people before one wall, filmed by one camera that does not move.
    clips = sorted((real_clips / "weizmann" / "bend").glob("*.avi"))
    limit = load_params(REPO / "params.yaml").split.near_duplicate_distance
    signatures = {}
    for clip in clips:
        video = tmp_path / clip.name
        video.write_bytes(clip.read_bytes())
        signatures[clip.name] = _signature(video)
    for one, other in itertools.combinations(signatures.values(), 2):
        assert signature_distance(one, other) > 2 * limit
    for kind, arguments in COPIES.items():
        copy = tmp_path / f"{kind}.mkv"
        encode(["-i", str(clips[0]), "-an", "-fps_mode", "passthrough", *arguments, str(copy)])
        assert signature_distance(_signature(copy), signatures[clips[0].name]) < limit / 2


def _signature(video: Path) -> str:
    with extracted(video) as frames:
        return measure_quality(frames, blank_contrast=PARAMS.blank_contrast).signature
