"""What is done in a video, by an exported model of frames: ``python examples/onnx_predict.py MODEL.onnx VIDEO``.

Needs onnxruntime, numpy, OpenCV and PyAV alone; the file says what it expects (``actionrec export``). Every model gets
clips that cover the whole video evenly, as many as it was tested with: what ``even_frames`` and ``strided`` stand for.
"""

import json
import sys

import av
import cv2
import numpy as np
import onnxruntime


def resize(frame, height, width):
    shrinks = height <= frame.shape[0] and width <= frame.shape[1]
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def centre(frame, side):
    top, left = (frame.shape[0] - side) // 2, (frame.shape[1] - side) // 2
    return frame[top : top + side, left : left + side]


def fit(frame, view):
    """A frame (H, W, 3) at the geometry that the model was trained on."""
    if view["fit"] == "stretch":
        return resize(frame, view["size"], view["size"])
    short = min(frame.shape[:2])
    target = view["crop_from"] if view["fit"] == "crop" else min(view["size"], short)
    scaled = resize(frame, *(round(side * target / short) for side in frame.shape[:2]))
    return centre(scaled, view["size"]) if view["fit"] == "crop" else scaled


def predict(model, video):
    """Probability of every class, not calibrated, by name."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    facts = json.loads(session.get_modelmeta().custom_metadata_map["actionrec"])
    view, size, clip_frames, section = facts["view"], facts["image_size"], facts["clip_frames"], facts["model"]
    at_a_rate = view and (view.get("fps") or section.get("fps"))
    if [one["name"] for one in facts["inputs"]] != ["frames"] or not view or view["fit"] == "pad" or at_a_rate:
        sys.exit(f"{model} reads more than frames, or frames of a geometry or rate that this example does not make")
    squares = []
    for frame in av.open(video).decode(video=0):
        fitted = fit(frame.to_ndarray(format="rgb24"), view)
        side = round(min(fitted.shape[:2]) * section.get("centre_share", 1.0))
        squares.append(resize(centre(fitted, side), size, size))
    num_clips = section.get("test_clips") or section.get("test_frames") or len(squares)
    steps = np.arange(clip_frames)[None] * num_clips + np.arange(num_clips)[:, None]
    clips = (2 * steps + 1) * len(squares) // (2 * num_clips * clip_frames)  # (num_clips, clip_frames)
    (logits,) = session.run(["logits"], {"frames": np.stack(squares)[clips]})
    log_prob = (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).mean(axis=0)
    return dict(zip(facts["class_names"], np.exp(log_prob) / np.exp(log_prob).sum(), strict=True))


if __name__ == "__main__":
    for label, probability in sorted(predict(*sys.argv[1:]).items(), key=lambda item: -item[1])[:5]:
        print(f"{label} {probability:.3f}")
