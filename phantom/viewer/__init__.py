"""The page people look at, and contact sheets."""
