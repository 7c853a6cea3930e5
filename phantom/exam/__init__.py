"""What happens to one woman, in order: preset, scene, acquisition, field of view, render, mammogram, truth, case."""
