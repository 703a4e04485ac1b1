"""The kernel and the engine under all containers: what is set, what should be, and a way there and back.

A setting is a row of data (`settings/`). Facts are read once (`facts`, through one `Root`); what holds
(`states`), who needs what (`needs`) and what to change (`plan`) are pure functions over them; `apply` and
`rollback` alone write, with the journal first. What the commands call is `work`, which is imported by its own
name: the audit of a machine reads facts, and has no use for what writes.
"""

from lacre.host.files import Root
from lacre.host.model import KeyState, Place, Profile, Setting, State, Verdict
from lacre.host.settings import SETTINGS

__all__ = ["SETTINGS", "KeyState", "Place", "Profile", "Root", "Setting", "State", "Verdict"]
