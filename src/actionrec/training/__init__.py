"""Training: clips of a model in batches, the loop, and what a trained model is on disk."""
