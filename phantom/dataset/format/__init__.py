"""What a dataset folder holds: names, tables, manifest and case files, written and read."""
