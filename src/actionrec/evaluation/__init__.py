"""How good each model is: metrics with intervals over groups, calibration, late fusion, space against time."""
