"""Values with the places where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from lacre.audit.model import Place

_TRUE = frozenset({"true", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "no", "n", "off", "0", ""})


@dataclass(frozen=True, slots=True)
class Text:
    """A value as text. `raw` is what the file says, `text` has variables put in; `unset` names those that
    nothing says: they stay in `text` as `${NAME}`. `path` is where in its subject it stands.
    """

    text: str
    place: Place
    path: str = ""
    raw: str = ""
    unset: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the whole value is known."""
        return not self.unset

    @property
    def true(self) -> bool:
        """Whether it is one of the words for true."""
        return self.text.lower() in _TRUE

    @property
    def false(self) -> bool:
        """Whether it is one of the words for false."""
        return self.text.lower() in _FALSE

    @property
    def why_unknown(self) -> str:
        """Why it is not known, as one clause."""
        names = ", ".join(f"${{{name}}}" for name in self.unset)
        return f"{self.path or 'a value'} depends on {names}, which only the environment says"
