"""Words: named seeds, draws that may stand for a number, and the reader of recipes."""
