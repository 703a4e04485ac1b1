"""The variables of an exercise: whose they are when names of services meet."""

from __future__ import annotations

import pytest

from lacre.engine.variables import collisions, variables


def test_a_service_has_its_address_and_its_ports() -> None:
    services = {"my-web.1": ("10.0.0.1", ("tcp/80", "udp/53")), "alone": ("", ("tcp/80",))}
    assert variables("twin", "first", services) == {
        "LACRE_PROJECT": "twin",
        "LACRE_PHASE": "first",
        "LACRE_MY_WEB_1": "10.0.0.1",
        "LACRE_MY_WEB_1_80": "10.0.0.1:80",
        "LACRE_MY_WEB_1_53": "10.0.0.1:53",
        "LACRE_ALONE": "",
    }
    assert collisions(services) == ()


@pytest.mark.parametrize("service", ["project", "phase", "exercise"])
def test_a_name_of_lacres_own_is_never_a_services(service: str) -> None:
    found = variables("twin", "second", {service: ("10.0.0.1", ("tcp/80",))})
    assert found == {
        "LACRE_PROJECT": "twin",
        "LACRE_PHASE": "second",
        f"LACRE_{service.upper()}_80": "10.0.0.1:80",
    }
    (warned,) = collisions([service])
    assert warned.service == service
    assert f"LACRE_{service.upper()} is lacre's own" in warned.what


def test_a_variable_of_two_services_is_given_to_neither_and_both_are_named() -> None:
    services = {
        "my-app": ("10.0.0.1", ("tcp/80",)),
        "my_app": ("10.0.0.2", ("tcp/80",)),
        "db": ("10.0.0.3", ()),
    }
    assert variables("twin", "first", services) == {
        "LACRE_PROJECT": "twin",
        "LACRE_PHASE": "first",
        "LACRE_DB": "10.0.0.3",
    }
    (warned,) = collisions(services)
    assert warned.service == "my-app"
    assert "LACRE_MY_APP" in warned.what
    assert "my_app" in warned.what


@pytest.mark.parametrize("turned", [False, True])
def test_a_services_name_is_never_taken_for_a_port_of_another(turned: bool) -> None:
    services = {"web": ("10.0.0.1", ("tcp/80", "tcp/81")), "web-80": ("10.0.0.2", ())}
    if turned:
        services = dict(reversed(services.items()))
    found = variables("twin", "first", services)
    assert (found["LACRE_WEB_80"], found["LACRE_WEB_81"]) == ("10.0.0.2", "10.0.0.1:81")
    (warned,) = collisions(services)
    assert warned.service == "web-80"
    assert "the port 80 of web" in warned.what
