"""Real mammograms: read, looked at, and calcifications put into them."""
