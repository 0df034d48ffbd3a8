"""From a folder of raw videos to ``data/manifest.csv``: one adapter a kind of data set."""
