"""Which joints a model's answer hangs on: gradient times motion, for models that read nothing but keypoints.

Gradient times input (Shrikumar et al. 2016, arXiv:1605.01713), the input counted from where the joint is in the mean of
the clip: counted from the middle of the body, what lies far from it would count most, moving or not. It says what moved
this answer of this model, to first order, and not why.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from actionrec.clips.keypoints import NUM_BODY_VALUES
from actionrec.core import paths
from actionrec.keypoints import layout
from actionrec.keypoints.skeleton import NUM_JOINTS
from actionrec.models.table import recipe_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from actionrec.core.answers import AnsweredVideo
    from actionrec.keypoints.reader import PackedKeypoints
    from actionrec.models.kind import ModelParams

Shares = npt.NDArray[np.float64]
"""(75,), of the joints as :mod:`actionrec.keypoints.skeleton` numbers them; they sum to 1."""

_SIDES = ("left", "right")
_NAMES = (
    "nose", *("eye",) * 6, *("ear",) * 2, *("mouth",) * 2,
    *(f"{side} {part}" for part in ("shoulder", "elbow", "wrist") for side in _SIDES),
    *(f"{side} hand" for _ in range(3) for side in _SIDES),
    *(f"{side} {part}" for part in ("hip", "knee", "ankle", "foot", "foot") for side in _SIDES),
    *("left hand",) * layout.NUM_HAND, *("right hand",) * layout.NUM_HAND,
)  # fmt: skip
_HAND_VALUES = layout.NUM_HAND * 3


def most_important(shares: Shares, *, count: int = 3) -> list[str]:
    """The body parts with the largest shares."""
    of_part: dict[str, float] = {}
    for name, share in zip(_NAMES, shares.tolist(), strict=True):
        of_part[name] = of_part.get(name, 0.0) + share
    ordered = sorted(of_part, key=lambda name: (-of_part[name], name))
    return [f"{name} {100 * of_part[name]:.0f} %" for name in ordered[:count]]


def joint_shares(model: nn.Module, keypoints: Tensor, *, answer: int) -> Shares:
    """How much of the logit ``answer`` hangs on each joint in ``keypoints (B, T, ...)``, all clips and frames."""
    import torch

    values = keypoints.clone().requires_grad_()
    with torch.enable_grad():
        logit = model({"keypoints": values})[:, answer].sum()
        (gradient,) = torch.autograd.grad(logit, values)
    motion = values - values.mean(dim=1, keepdim=True)
    product = (gradient * motion).detach().abs().double().numpy()
    found = by_joint(product).reshape(-1, NUM_JOINTS).sum(axis=0)
    return np.asarray(found / max(found.sum(), np.finfo(np.float64).tiny), np.float64)


def by_joint(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums (..., 75) over x and y of each joint, in any form in which models take keypoints.

    Those are joints (..., 75, 3), MediaPipe's own layout (..., 1662), and pose and hands with flags (..., 261). Depth
    and confidence are left out: they say little of where a joint is.
    """
    if values.shape[-2:] == (NUM_JOINTS, 3):
        return np.asarray(values[..., :2].sum(axis=-1))
    if values.shape[-1] == layout.NUM_VALUES:
        parts = [values[..., part] for part in (layout.POSE, layout.LEFT_HAND, layout.RIGHT_HAND)]
    elif values.shape[-1] == NUM_BODY_VALUES:
        ends = np.cumsum([layout.NUM_POSE * 4, _HAND_VALUES, _HAND_VALUES])
        parts = np.split(values, ends, axis=-1)[:3]
    else:
        raise ValueError(f"no form of keypoints has {values.shape[-1]} values")
    sums = [
        part.reshape(*part.shape[:-1], -1, width)[..., :2].sum(axis=-1)
        for part, width in zip(parts, (4, 3, 3), strict=True)
    ]
    return np.concatenate(sums, axis=-1)


class JointReader:
    """The shares of joints in the answers of trained models."""

    def __init__(self, keypoints: PackedKeypoints, *, folded: bool) -> None:
        self._keypoints = keypoints
        self._folded = folded

    def shares(self, name: str, params: ModelParams, video: AnsweredVideo) -> Shares | None:
        """Of the answer of model ``name`` for ``video``; None for a model that does not read joints alone.

        Keypoints as ``hands`` are of a leading hand and another, each measured by itself, and no longer of joints.
        """
        import torch

        recipe = recipe_of(params)
        as_hands = getattr(params, "keypoint_features", None) == "hands"
        if recipe.view is not None or not recipe.reads_keypoints or as_hands:
            return None
        classes, model = trained_model(name, video.fold if self._folded else None)
        frames = self._keypoints.counted_frames(video.video_id, fps=recipe.fps, only_hands=recipe.only_hands)
        clips = frames[np.maximum(recipe.test_clips(len(frames), recipe.samplings[0]), 0)]
        inputs = [
            recipe.prepare(None, self._keypoints.read(video.video_id, clip), generator=None)["keypoints"]
            for clip in clips
        ]
        batch = torch.from_numpy(np.stack(inputs))
        return joint_shares(model, batch, answer=classes.index(video.answers[name].label))


@cache
def trained_model(name: str, fold: int | None) -> tuple[list[str], nn.Module]:
    """The classes and the network of a model, of ``fold`` where there are several; read once."""
    from actionrec.training.trained import load_trained

    card, model = load_trained(paths.model_dir(name, fold), name=name)
    return card.class_names, model
