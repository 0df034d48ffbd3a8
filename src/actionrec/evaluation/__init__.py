"""How good each model is: metrics with group-bootstrap intervals, calibration, late fusion, space against time."""
