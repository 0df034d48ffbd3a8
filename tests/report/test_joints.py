from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from actionrec.core.answers import Answer, AnsweredVideo
from actionrec.keypoints import layout
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.keypoints.skeleton import LEFT_HAND_START, NUM_JOINTS
from actionrec.models.table import build_model, parse_model
from actionrec.report.joints import JointReader, by_joint, joint_shares, most_important
from actionrec.report.skeletons import draw_joints
from tests.packed_data import make_packed_data

LEFT_WRIST, RIGHT_WRIST = layout.LEFT_WRIST, layout.RIGHT_WRIST


class _Linear(nn.Module):
    """The answer 1 weighs x of the left wrist 1, of the right wrist 2, and of the nose 5."""

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["keypoints"][..., 0].sum(dim=1)
        return torch.stack([x[:, 0] * 0, x[:, LEFT_WRIST] + 2 * x[:, RIGHT_WRIST] + 5 * x[:, 0]], dim=1)


def test_what_counts_and_moves_has_the_shares() -> None:
    clips = torch.zeros(2, 3, NUM_JOINTS, 3)
    clips[:, :, 0, 0] = 7.0  # the nose counts most, and stands still
    clips[:, 0, LEFT_WRIST, 0] = clips[:, 0, RIGHT_WRIST, 0] = 3.0
    shares = joint_shares(_Linear(), clips, answer=1)
    assert shares[[LEFT_WRIST, RIGHT_WRIST]] == pytest.approx([1 / 3, 2 / 3])
    assert shares.sum() == pytest.approx(1)
    assert most_important(shares) == ["right wrist 67 %", "left wrist 33 %", "ear 0 %"]
    assert joint_shares(_Linear(), clips, answer=0).sum() == 0


@pytest.mark.parametrize(("values", "start"), [(layout.NUM_VALUES, layout.LEFT_HAND.start), (261, 132)])
def test_flat_keypoints_belong_to_their_joints(values: int, start: int) -> None:
    flat = np.zeros((1, values))
    flat[0, 4 * LEFT_WRIST : 4 * LEFT_WRIST + 4] = (1, 2, 100, 100)  # depth and visibility do not count
    flat[0, start + 3 : start + 6] = (10, 20, 100)  # the second point of the left hand
    found = by_joint(flat)
    assert found.shape == (1, NUM_JOINTS)
    assert found[0, LEFT_WRIST] == 3
    assert found[0, LEFT_HAND_START + 1] == 30
    assert found.sum() == 33


def test_joints_and_other_forms() -> None:
    assert by_joint(np.ones((2, NUM_JOINTS, 3))).tolist() == [[2.0] * NUM_JOINTS] * 2
    with pytest.raises(ValueError, match="no form of keypoints has 7 values"):
        by_joint(np.ones((2, 7)))


def test_dots_are_as_large_as_their_shares_and_only_on_what_is_there() -> None:
    keypoints = np.full(layout.NUM_VALUES, 0.5, np.float32)
    shares = np.zeros(NUM_JOINTS)
    shares[[LEFT_WRIST, RIGHT_WRIST, LEFT_HAND_START]] = 0.64, 0.16, 0.2
    drawn = draw_joints(keypoints, np.array([True, False, False, False]), shares, 100, 50)
    assert drawn == (
        '<path class="joint" style="stroke-width:9.0" d="M50.0 25.0h0"/>'
        '<path class="joint" style="stroke-width:4.5" d="M50.0 25.0h0"/>'
    )


@pytest.mark.parametrize(
    ("section", "has_marks"),
    [
        ({"type": "stgcn", "clip_frames": 8, "channels": [4]}, True),
        ({"type": "feature_sequence", "inputs": "keypoints", "clip_frames": 4, "keypoint_frames": "hands"}, True),
        ({"type": "feature_sequence", "inputs": "keypoints", "clip_frames": 4, "keypoint_features": "hands"}, False),
        ({"type": "feature_sequence", "inputs": "both", "clip_frames": 4, "num_features": 12}, False),
    ],
)
def test_models_that_read_joints_alone_have_shares(
    section: dict[str, object], has_marks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_packed_data(tmp_path, groups=1, size=16)
    params = parse_model(section)
    classes = sorted({row.label for row in data.rows})
    model = build_model(params, num_classes=len(classes)).eval()
    monkeypatch.setattr("actionrec.report.joints.trained_model", lambda name, fold: (classes, model))
    video_id, label = data.rows[0].video_id, classes[0]
    answer = Answer(label=label, probability=1.0, label_probability=1.0, right=True)
    video = AnsweredVideo(video_id=video_id, group="g", fold=0, label=label, answers={"m": answer})
    shares = JointReader(PackedKeypoints(data.keypoints_path), folded=False).shares("m", params, video)
    if not has_marks:
        assert shares is None
    else:
        assert shares is not None
        assert shares.sum() == pytest.approx(1)
