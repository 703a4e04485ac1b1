"""lacre seals containers: it observes what each one does, derives the least it needs, and proves it."""

__version__ = "0.1.0"
