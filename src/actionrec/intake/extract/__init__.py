"""Decodes each video once into JPEG frames, timestamps and what the decoder said; reads the result."""
