"""The table of models."""

from __future__ import annotations

from actionrec.models.catalogue import catalogue, references
from actionrec.models.table import MODELS


def test_counts_at_the_published_settings() -> None:
    rows = {row.name: row for row in catalogue()}
    counts = {name: (row.num_classes, row.parameters, row.trainable_parameters) for name, row in rows.items()}
    published = {
        "fused_convlstm": (11, 7_174_718, 7_174_718),
        "cnn3d": (5, 74_597, 74_597),
        "res2plus1d": (10, 443_290, 443_290),
        "cnn_lstm": (10, 102_410, 102_410),
        "frame_resnet": (101, 23_714_981, 4_669_541),
        "clip_resnet3d": (101, 28_043_557, 10_965_093),
        "stgcn": (400, 3_336_512, 3_336_512),
        # Norms of 1280 means and deviations, and a classifier.
        "feature_sequence": (101, 4 * 1280 + 2561 * 101, 4 * 1280 + 2561 * 101),
        # As torchvision documents them.
        "r3d_18": (400, 33_371_472, 33_371_472),
        "mc3_18": (400, 11_695_440, 11_695_440),
        "r2plus1d_18": (400, 31_505_325, 31_505_325),
        "s3d": (400, 8_320_048, 8_320_048),
        "mvit_v2_s": (400, 34_537_744, 34_537_744),
        "swin3d_t": (400, 28_158_070, 28_158_070),
    }
    assert published.items() <= counts.items()
    assert (rows["fused_convlstm"].inputs, rows["stgcn"].inputs) == ("frames + keypoints", "keypoints")
    assert (rows["frame_resnet"].clip_frames, rows["clip_resnet3d"].image_size, rows["stgcn"].image_size) == (
        1,
        224,
        None,
    )


def test_another_number_of_classes() -> None:
    rows = {row.name: row.parameters for row in catalogue(num_classes=400)}
    assert rows["clip_resnet3d"] == 28_043_557 + (400 - 101) * 2049
    assert {row.name: row.parameters for row in catalogue(num_classes=10)}["fused_convlstm"] == 7_161_917


def test_every_type_states_what_it_has_where_it_was_published() -> None:
    assert {reference.params.type for reference in references()} == set(MODELS)
    stated = {item.name: (item.num_classes, item.parameters, item.trainable_parameters) for item in references()}
    counted = {row.name: (row.num_classes, row.parameters, row.trainable_parameters) for row in catalogue()}
    assert counted == stated
