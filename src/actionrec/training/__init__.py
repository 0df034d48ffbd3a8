"""Training: clips of a model, the loop, and what a trained model is on disk."""
