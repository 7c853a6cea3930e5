"""The breast as slabs of material fractions, and what they put under every pixel: path lengths."""
