"""One finished frame: made of Blender's EXR and what its picture, labels and file hold."""
