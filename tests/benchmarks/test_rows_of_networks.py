"""The rows that time networks, at sizes that run in moments: both ways give the same numbers."""

from __future__ import annotations

from actionrec.models.clip_resnet3d import ClipResnet3DParams
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.fused_convlstm import FusedConvLSTMParams
from actionrec.pack.section import ViewParams
from benchmarks.pairs import Options
from benchmarks.rows import convlstm_step, resnet3d_step, whole_video


def test_the_convlstm_learns_as_the_structure_of_a() -> None:
    params = FusedConvLSTMParams(
        type="fused_convlstm", clip_frames=4, image_size=12, channels=4, lstm_hidden=8, keypoint_features="body"
    )
    found = convlstm_step.measure(Options(), params=params, num_clips=3, rounds=4)
    baseline, ours = found.ways
    assert (baseline.name, ours.name) == (convlstm_step.BASELINE, convlstm_step.OURS)
    assert len(found.times[ours.name].wall) == 4
    assert len(found.facts["losses"]) == 5
    assert len(set(found.facts["losses"])) == 5
    assert found.facts[ours.name]["largest_relative_difference_of_loss"] < 1e-3


def test_the_3d_resnet_learns_as_with_every_layer_in_the_graph() -> None:
    params = ClipResnet3DParams(type="clip_resnet3d", clip_frames=4, image_size=32, blocks=(1, 1, 1, 1), width=4)
    found = resnet3d_step.measure(Options(), params=params, num_clips=3, rounds=2)
    assert len(set(found.facts["losses"])) == 3
    assert found.facts["largest_relative_difference_of_loss"] < 1e-5


def test_whole_videos_get_what_a_loop_over_their_frames_gives() -> None:
    params = FrameResnetParams(type="frame_resnet", depth=18, weights="none", trainable=(), image_size=32)
    view = ViewParams(encoding="jpeg", fit="stretch", size=48)
    found = whole_video.measure(Options(), params=params, view=view, videos=(2, 11), rounds=1)
    assert found.num_items == 22
    assert found.facts["largest_difference_of_log_probability"] < 1e-3
