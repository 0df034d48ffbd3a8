"""What a model sees of a video: which frames a clip takes, and how they become inputs. Knows no file."""
