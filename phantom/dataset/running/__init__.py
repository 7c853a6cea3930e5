"""Making a dataset: workers, locks, resuming, progress."""
