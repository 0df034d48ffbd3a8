"""The embedded data set: rendered people whom MediaPipe Holistic detects.

Each person is about 75 round cones, ray-cast and shaded by numpy and OpenCV alone. Groups are actors (a
body, a face, clothes, a room, a camera and a light); the classes need motion to be told apart. Every
clip follows from ``(seed, group, class, clip)`` and from nothing else.
"""
