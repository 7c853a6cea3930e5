"""The atlas: one file per kind of calcification; the folder is the registry."""
