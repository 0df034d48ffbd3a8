"""Pixels of a batch, made in place and in whole rows, are those of the plain formula."""

from __future__ import annotations

import pytest
import torch

from actionrec.models.pixels import KINETICS, Pixels, Statistics


def plain(frames: torch.Tensor, statistics: Statistics | None, content: str) -> torch.Tensor:
    images = frames.permute(0, 4, 1, 2, 3).float() / 255
    if statistics is not None:
        mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in statistics)
        images = (images - mean) / std
    return images - images.mean(dim=2, keepdim=True) if content == "motion" else images


@pytest.mark.parametrize("statistics", [None, KINETICS])
@pytest.mark.parametrize("content", ["rgb", "motion"])
def test_every_value_is_that_of_the_formula(statistics: Statistics | None, content: str) -> None:
    frames = torch.randint(0, 256, (2, 3, 5, 7, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    pixels = Pixels(content, statistics=statistics)
    assert torch.equal(pixels(frames), plain(frames, statistics, content))
    apart = frames.permute(0, 1, 3, 2, 4)  # in another order in memory
    assert torch.equal(pixels(apart), plain(apart, statistics, content))


def test_frames_with_a_gradient_are_left_as_they_were() -> None:
    frames = torch.rand(1, 2, 4, 4, 3) * 255
    before = frames.clone()
    frames.requires_grad_()
    Pixels(statistics=KINETICS)(frames).sum().backward()
    assert torch.equal(frames, before)
    expected = 1 / 255 / torch.tensor(KINETICS[1])
    assert torch.allclose(frames.grad, expected.expand_as(frames))
