"""The rows of the table: a module each, whose ``measure`` takes :class:`benchmarks.pairs.Options`."""

ROWS = {
    "starting": "start of a stage without torch, and with it",
    "features": "vectors of frames, against a plain loop of torch",
    "convlstm_step": "training step of fused_convlstm, against A's own structure",
    "resnet3d_step": "fine-tuning step of clip_resnet3d, against every layer in the graph",
    "whole_video": "whole videos by frame_resnet, against a video at a time",
    "predicting": "new videos from path to class, against a new process a video",
}
"""In the order of the table."""
GPU_ROWS: tuple[str, ...] = ("convlstm_step", "resnet3d_step", "whole_video")
"""Those that have a way on a GPU: they honour ``device``."""
