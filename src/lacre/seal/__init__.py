"""The seal: its model, its file, and the proof."""
