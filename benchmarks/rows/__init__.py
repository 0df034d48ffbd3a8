"""The rows of the table: a module each, whose ``measure`` takes :class:`benchmarks.pairs.Options`."""

ROWS = {
    "starting": "start of a stage without torch, and with it",
    "features": "vectors of frames, against a plain loop of torch",
}
"""In the order of the table."""
GPU_ROWS: tuple[str, ...] = ()
"""Those that have a way on a GPU: they honour ``device``."""
