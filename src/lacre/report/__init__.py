"""Says what was found: models in, text out. Nothing here asks Docker, reads a file or prints."""
