"""How far one set of mammograms is from another: their statistics, and how well a classifier tells them apart."""
