"""Short ways to say what each profile wants."""

from __future__ import annotations

from collections.abc import Mapping

from lacre.host.model import Profile, Wanted


def everywhere(
    write: str, *also: str, least: int | None = None, most: int | None = None
) -> Mapping[Profile, Wanted]:
    """The same for every profile."""
    wanted = Wanted(write=write, also=also, least=least, most=most)
    return dict.fromkeys(Profile, wanted)


def servers(
    write: str, *also: str, least: int | None = None, most: int | None = None
) -> Mapping[Profile, Wanted]:
    """For hosts that run or build containers; somebody's own machine is left as it is."""
    wanted = Wanted(write=write, also=also, least=least, most=most)
    return {Profile.CONTAINER_HOST: wanted, Profile.BUILD_HOST: wanted}


def container_host(write: str, *also: str) -> Mapping[Profile, Wanted]:
    """Only where containers run and nobody works."""
    return {Profile.CONTAINER_HOST: Wanted(write=write, also=also)}
