"""The rows of the table: a module each, whose ``measure`` takes :class:`benchmarks.pairs.Options`."""

ROWS = {
    "starting": "start of a stage without torch, and with it",
    "tensors": "videos to tensors of 224 x 224, against references B and E",
    "clips": "augmented clips in batches, against decoders and reference E",
    "clips_window": "the same of frames in a row",
    "clips_cold": "the same from a cold file cache",
    "waiting": "what of a training step is spent waiting for data",
    "keypoints": "keypoints on all cores, against a plain loop of MediaPipe",
    "features": "vectors of frames, against a plain loop of torch",
    "convlstm_step": "training step of fused_convlstm, against A's own structure",
    "resnet3d_step": "fine-tuning step of clip_resnet3d, against every layer in the graph",
    "whole_video": "whole videos by frame_resnet, against a video at a time",
    "predicting": "new videos from path to class, against a new process a video",
}
"""In the order of the table."""
GPU_ROWS: tuple[str, ...] = ("convlstm_step", "resnet3d_step", "whole_video")
"""Those that have a way on a GPU: they honour ``device``."""
