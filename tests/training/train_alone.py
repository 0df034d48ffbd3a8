"""Trains a small model on packed files, in as many processes as asked: ``train_alone.py PACKED OUT PROCESSES``.

A script, since Lightning starts the other processes by running it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.packed_data import CLASSES, SUBSETS

from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import SplitRow
from actionrec.models.cnn3d import CNN3DParams
from actionrec.models.table import kind_of, recipe_of
from actionrec.pack.reader import PackedView
from actionrec.training.datasets import open_source
from actionrec.training.loop import train_model
from actionrec.training.run import TrainingRun
from actionrec.training.section import TrainParams


def train_in_processes(packed: Path, out: Path, processes: int) -> None:
    """Train on the files in ``packed``; the model, its curves and its cache go to ``out``."""
    # No batch normalisation: its statistics are those of a process, so processes would differ from one.
    model = CNN3DParams(type="cnn3d", view="rgb64", image_size=32, channels=(2, 3, 4), centre_share=1.0, augment=True)
    train = TrainParams(
        lr=0.003,
        epochs=2,
        batch_size=4 // processes,
        optimizer="adam",
        weight_decay=0.0,
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
    )
    rows = []
    for video_id in PackedView(packed / "rgb64.h5", view="rgb64").video_ids:
        label, name = video_id.split("/")
        group = name.split("_")[0]
        rows.append(SplitRow(video_id, label, group, SUBSETS[int(group[1:]) % len(SUBSETS)]))
    # Three val videos for two processes: one share has to be filled up.
    dropped = next(row for row in rows if row.subset == "val" and row.label == CLASSES[0])
    source = open_source(
        recipe_of(model), rows, packed_path=lambda view: packed / f"{view}.h5", keypoints_path=packed / "keypoints.h5"
    )
    run = TrainingRun("m", kind_of(model.type), model, train, [row for row in rows if row is not dropped], source)
    train_model(run, out_dir=out / "model", curves_path=out / "curves.csv", cache=ItemCache(out / "cache"))


if __name__ == "__main__":
    train_in_processes(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
