"""``actionrec live``: what is done before the camera, in a page of this machine."""

from __future__ import annotations

import argparse

from actionrec.cli.output import Commands, add_command, positive_number
from actionrec.cli.predict import add_predictor, open_predictor


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "live",
        "say what is done before a camera or in a file, in a page of this machine",
        examples=["actionrec live", "actionrec live --model keypoint_conv --rate 12 --port 8081"],
    )
    add_predictor(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to serve at (default 127.0.0.1: this machine)")
    parser.add_argument("--port", type=_port, default=8080, help="default 8080; 0 takes a free one")
    parser.add_argument("--window", type=positive_number, default=2.0, help="seconds judged at a time (default 2)")
    parser.add_argument(
        "--rate", type=positive_number, default=25.0, help="frames a second of the training videos (default 25)"
    )
    parser.add_argument(
        "--detect-width",
        type=int,
        default=640,
        help="pixels; wider pictures are scaled down before keypoints are looked for (default 640)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    predictor = open_predictor(arguments)
    from actionrec.prediction.live.server import LiveOptions, serve

    options = LiveOptions(
        host=arguments.host,
        port=arguments.port,
        window_seconds=arguments.window,
        rate=arguments.rate,
        detect_width=max(64, arguments.detect_width),
    )
    serve(predictor, options)


def _port(text: str) -> int:
    if not 0 <= (value := int(text)) <= 65535:
        raise ValueError(text)
    return value
