"""Solids in millimetres about their own centre: each a bounding box and a chord."""
