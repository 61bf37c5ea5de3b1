"""What a mutant is: an endpoint that breaks one rule."""

from collections.abc import Callable
from dataclasses import dataclass

from oai_endpoints import Spoil


@dataclass(frozen=True)
class Mutant:
    """``make`` gives what spoils a sound endpoint, anew for each examination: some of them remember.

    ``with_`` are rules that cannot but break with this one; ``within`` is a sound endpoint of another kind to spoil.
    """

    rule: str
    make: Callable[[], Spoil]
    with_: frozenset[str]
    within: Spoil | None
    name: str

    def __str__(self) -> str:
        return f"{self.rule} {self.name}".strip()


class Mutants(list[Mutant]):
    def add(self, rule: str, spoil: Spoil, *with_: str, within: Spoil | None = None, name: str = "") -> None:
        self.append(Mutant(rule, lambda: spoil, frozenset(with_), within, name))

    def add_made(self, rule: str, *with_: str, name: str = "") -> Callable[[Callable[[], Spoil]], None]:
        return lambda make: self.append(Mutant(rule, make, frozenset(with_), None, name))
