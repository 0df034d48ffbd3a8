from __future__ import annotations

from actionrec.models.table import build_model, parse_model
from actionrec.prediction.cost import measure_cost


def test_the_network_behind_features_counts_once_a_row() -> None:
    section = parse_model({"type": "feature_sequence", "view": "imagenet", "num_features": 8, "temporal": "mean"})
    model = build_model(section, num_classes=5).eval()
    arguments = {"clip_frames": 4, "clips_per_video": 2.0, "rows_per_video": 10.0}
    alone = measure_cost(model, section, vector=0, **arguments)
    assert (alone.clip, alone.video) == (8 * 5, 2 * 8 * 5)
    both = measure_cost(model, section, vector=1000, **arguments)
    assert (both.clip, both.video) == (alone.clip + 4 * 1000, alone.video + 10 * 1000)
