"""Section 4: images and the files that they are built from."""
