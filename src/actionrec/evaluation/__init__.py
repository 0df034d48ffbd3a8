"""How good each model is: clip- and video-level metrics, group-bootstrap intervals, late fusion."""
