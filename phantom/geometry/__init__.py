"""Space: the breast's frame, the views, the compression, the shapes, and the pixel grid."""
