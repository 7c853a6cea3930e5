"""A detector's marks against the truth."""
