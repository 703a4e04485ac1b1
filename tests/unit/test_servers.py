"""The demo and the test servers: what stands in both images is the same in both."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_both_database_images_start_by_the_same_entry_point() -> None:
    """A build context cannot reach out of its directory, so the text stands twice."""
    demo = ROOT / "demo" / "db" / "docker-entrypoint.sh"
    server = ROOT / "tests" / "servers" / "postgres" / "image" / "docker-entrypoint.sh"
    assert demo.read_text() == server.read_text()
