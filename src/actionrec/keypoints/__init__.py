"""MediaPipe Holistic keypoints: layout, detection, extraction."""
