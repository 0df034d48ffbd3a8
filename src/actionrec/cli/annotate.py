"""``actionrec annotate``: a copy of a video with skeleton, classes and their probabilities over time."""

from __future__ import annotations

import argparse
from pathlib import Path

from actionrec.cli.output import Commands, add_command, add_json, positive_number, print_json
from actionrec.cli.predict import add_predictor, open_predictor


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "annotate",
        "write a copy of a video with what is done drawn into it",
        examples=["actionrec annotate talk.mp4 -o out.mp4", "actionrec annotate talk.mp4 -o out.mp4 --window 1"],
    )
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.mp4", help="file to write")
    add_predictor(parser)
    parser.add_argument(
        "--window", type=positive_number, default=2.0, help="seconds that are judged at a time (default 2)"
    )
    parser.add_argument(
        "--step", type=positive_number, default=0.5, help="seconds from one window to the next (default 0.5)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write the copy."""
    predictor = open_predictor(arguments)
    from actionrec.prediction.annotate import annotate_video

    done = annotate_video(
        predictor, arguments.video, arguments.out, window_seconds=arguments.window, step_seconds=arguments.step
    )
    if arguments.json:
        print_json(done)
        return
    print(f"{done.path}: {done.num_frames} frames, {done.num_windows} windows by {predictor.model}")
    print(f"the whole video: {done.label} {done.probability:.3f}")
