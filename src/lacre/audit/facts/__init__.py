"""What checks look at: frozen models of one thing each, every value with its place."""
