"""Keeps or rejects each video, with a reason and the evidence; raw data is never touched."""
