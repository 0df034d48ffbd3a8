"""Several new videos at a time: their order, their errors, and what is left as it was."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

from actionrec.prediction import predictor
from actionrec.prediction.predictor import _side_by_side

VIDEOS = [Path(f"{number}.mp4") for number in range(9)]


@pytest.fixture(autouse=True)
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "num_workers", lambda _: 3)


def test_answers_come_in_the_order_of_the_videos() -> None:
    second_is_done, threads = threading.Event(), set()

    def answer(video: Path) -> str:
        threads.add((threading.get_ident(), torch.get_num_threads()))
        if video == VIDEOS[0]:
            assert second_is_done.wait(timeout=60)
        if video == VIDEOS[1]:
            second_is_done.set()
        return video.stem

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert list(_side_by_side(answer, VIDEOS)) == [video.stem for video in VIDEOS]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert threading.get_ident() not in {thread for thread, _ in threads}
    assert {of_torch for _, of_torch in threads} == {1}


def test_few_wait_for_whoever_reads_slowly() -> None:
    begun = []

    def answer(video: Path) -> Path:
        begun.append(video)
        return video

    answers = _side_by_side(answer, VIDEOS)
    assert next(answers) == VIDEOS[0]
    assert len(begun) <= 4
    answers.close()
    assert len(begun) <= 4


def test_an_error_is_that_of_its_video() -> None:
    def answer(video: Path) -> Path:
        if video == VIDEOS[2]:
            raise ValueError(video.stem)
        return video

    answers = _side_by_side(answer, VIDEOS)
    assert [next(answers), next(answers)] == VIDEOS[:2]
    with pytest.raises(ValueError, match="2"):
        next(answers)


def test_one_video_needs_no_other_thread() -> None:
    assert list(_side_by_side(lambda video: threading.get_ident(), VIDEOS[:1])) == [threading.get_ident()]
