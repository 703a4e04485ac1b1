"""What a twin makes of what the engine tells of its containers."""

from __future__ import annotations

from lacre.engine.twin import exposed_ports


def test_a_range_of_exposed_ports_is_each_of_its_ports() -> None:
    exposed: dict[str, object] = {"8000-8002/tcp": {}, "53/udp": {}, "80": {}, "8001/tcp": {}}
    assert exposed_ports({"Config": {"ExposedPorts": exposed}}) == (
        "tcp/80",
        "tcp/8000",
        "tcp/8001",
        "tcp/8002",
        "udp/53",
    )


def test_an_image_that_exposes_nothing_has_no_ports() -> None:
    assert exposed_ports({"Config": {"ExposedPorts": None}}) == ()
