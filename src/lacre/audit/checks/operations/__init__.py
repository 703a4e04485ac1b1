"""Section 6: what has piled up."""
