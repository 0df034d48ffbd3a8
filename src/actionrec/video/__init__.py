"""Raw videos become files of JPEG frames with timestamps, decoded once."""
