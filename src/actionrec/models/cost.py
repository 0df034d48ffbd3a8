"""What a network costs: its multiply-adds, counted, not timed.

Counted are convolutions, matrix products and attention, as :mod:`torch.utils.flop_counter` does, so the figure is the
same on every machine.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


def count_multiply_adds(model: nn.Module, inputs: Mapping[str, Tensor] | Tensor) -> int:
    """Those of one call of ``model``, which is made on the CPU; ``model`` is left as it is."""
    counter = _Counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="TF32 acceleration on top of oneDNN")  # which is not asked for
        # oneDNN runs a whole LSTM as one operation that the registry does not know; all else it runs faster.
        one_dnn = not any(isinstance(layer, nn.RNNBase) for layer in model.modules())
        with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=one_dnn), counter:
            copy.deepcopy(model).to("cpu")(inputs)
    return counter.flops // 2


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts as torch's own ``FlopCounterMode``, without its table, and without the compiler that it imports: a second
    of a stage.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Whether to import the compiler, so as to keep it away from here; nothing is compiled here."""
        return False

    def __torch_dispatch__(
        self, func: OpOverload[Any, Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named, packet = kwargs or {}, func._overloadpacket  # noqa: SLF001 (how the registry is keyed)
        if packet not in flop_registry:
            with self:  # what an operation is made of, if it is made of others
                found = func.decompose(*args, **named)
            if found is not NotImplemented:
                return found
        found = func(*args, **named)
        if packet in flop_registry:
            self.flops += flop_registry[packet](*args, **named, out_val=found)
        return found
