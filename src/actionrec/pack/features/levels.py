"""What the stages of an image network say, beside what it pools at its end."""

from __future__ import annotations

import warnings
from typing import Any

from torch import Tensor, nn
from torch.fx import GraphModule

from actionrec.core.errors import ActionrecError

_SMALLEST_REDUCTION = 8
"""Of a stage whose output is a level: finer ones know of colours and edges."""
_END = "end"


class Levels(nn.Module):
    """Vectors (B, values) of each level, that of the end first, from images (B, 3, S, S)."""

    def __init__(self, net: nn.Module, stages: list[str]) -> None:
        """``stages`` are modules of ``net``, which is in eval mode; :func:`stages_of` finds them.

        Raises :class:`ActionrecError` where ``net`` cannot be taken apart.
        """
        from timm.models import create_feature_extractor, get_graph_node_names

        super().__init__()
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="NOTE: The nodes obtained by tracing")  # as in training
                _, nodes = get_graph_node_names(net)
                found = create_feature_extractor(net, {**{stage: stage for stage in stages}, nodes[-1]: _END})
        except Exception as error:  # what cannot be traced fails in many ways
            raise ActionrecError(
                f"the network cannot be taken apart into its stages ({error}); set levels: end"
            ) from error
        # A copy of torchvision's module would be in training mode.
        self.net = GraphModule(found, found.graph)
        self.channels_last = getattr(net, "output_fmt", "NCHW") == "NHWC"

    def forward(self, images: Tensor) -> list[Tensor]:
        found: dict[str, Tensor] = self.net(images)
        return [found.pop(_END).flatten(1), *(self._averaged(output) for output in found.values())]

    def _averaged(self, output: Tensor) -> Tensor:
        """Over the picture: maps (B, C, H, W) or (B, H, W, C), or tokens (B, N, C)."""
        if output.ndim == 4 and not self.channels_last:
            return output.mean(dim=(2, 3))
        return output.mean(dim=tuple(range(1, output.ndim - 1)))


def stages_of(net: Any) -> list[str]:
    """Modules of a network of timm that are its stages, from fine to coarse; none where it does not name them.

    timm names one stage a scale; where these are members of one sequence, those between them count too.
    """
    named = [info["module"] for info in getattr(net, "feature_info", ()) if info["reduction"] >= _SMALLEST_REDUCTION]
    if not named:
        return []
    (first, last) = (name.rpartition(".") for name in (named[0], named[-1]))
    if first[0] != last[0] or not (first[2].isdecimal() and last[2].isdecimal()):
        return named
    kinds = {type(net.get_submodule(stage)) for stage in named}
    between = (f"{first[0]}.{place}" for place in range(int(first[2]), int(last[2]) + 1))
    return [stage for stage in between if type(net.get_submodule(stage)) in kinds]
