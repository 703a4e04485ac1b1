"""Taking so much that the host and the neighbours suffer; bounded."""
