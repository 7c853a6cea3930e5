"""The machine: from path lengths to the picture a radiologist reads."""
