"""Running what was not in the image, or gaining privileges by what is."""
