"""Whose turn it is: a fair rota of a duty that several units share, where the plan names them all and nobody first.

The units take turns in the plan's order, so that over the year no two differ by more than one piece, and none writes in
two periods running unless there are too few units for the pieces. What changes during the year (a unit goes, a unit
comes, an officer names other writers) is worked in period by period, and never touches a period before it:

- the later pieces of a unit that goes are given to others, those with least to do first; all other pieces stay;
- a unit that comes as another goes takes that one's turns;
- a unit that comes besides takes over its fair share of the later pieces, rounded down, from those with most;
- writers named by an officer stand. Whoever was relieved takes over a later piece of those with most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, cycle, islice, pairwise, product
from math import lcm

NOBODY = ""
"""Owner of a piece while nobody is there to write it."""


@dataclass(frozen=True)
class Turn:
    """A period, how many pieces it wants, and the units that can be asked for them, in the plan's order."""

    period: str
    count: int
    members: tuple[str, ...]


def rota(turns: Sequence[Turn], overrides: Mapping[str, Sequence[str]] | None = None) -> dict[str, tuple[str, ...]]:
    """By period, the units that write: a unit stands there once for each piece.

    It stands there twice only if there are more pieces than units, or if an officer names fewer units than pieces.
    `overrides` are the officer's words by period; none at all (`()`) means that nobody writes in that period. A unit
    that is no member in a period is passed over there, also if an officer named it.
    """
    named = tuple((period, tuple(units)) for period, units in (overrides or {}).items())
    return dict(_worked_out(tuple(turns), named))


@lru_cache(maxsize=256)
def _worked_out(
    turns: tuple[Turn, ...], overrides: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    year = _Year(turns)
    named = dict(overrides)
    for position, turn in enumerate(turns):
        year.enter(position)
        if turn.period in named:
            year.override(position, named[turn.period])
    return tuple((turn.period, year.writers(position)) for position, turn in enumerate(turns))


@dataclass(frozen=True)
class _Piece:
    """One piece of one period."""

    position: int
    number: int


class _Year:
    """The rota while it is worked out: as if all stayed as at the start, then changed from period to period."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        first = turns[0].members if turns else ()
        order = cycle(first or (NOBODY,))
        self._owners = [list(islice(order, turn.count)) for turn in turns]
        self._members = [first for _ in turns]
        """The members of each period as far as is known by the period that is being worked in."""
        self._whole = lcm(*(len(turn.members) or 1 for turn in turns))
        """How many parts a piece is counted in, so that fair shares are whole numbers."""
        self._fair = self._fair_shares(0)

    def writers(self, position: int) -> tuple[str, ...]:
        """The writers of a period in the plan's order."""
        order = {unit: number for number, unit in enumerate(self._turns[position].members)}
        return tuple(sorted((unit for unit in self._owners[position] if unit in order), key=order.__getitem__))

    def enter(self, position: int) -> None:
        """Work in who has come and who has gone by this period."""
        now, before = self._turns[position].members, self._members[position]
        self._members[position:] = [now] * (len(self._turns) - position)
        self._fair = self._fair_shares(position)
        gone, come = [unit for unit in before if unit not in now], [unit for unit in now if unit not in before]
        for unit, heir in zip(gone, come, strict=False):
            for piece in self._pieces(position):
                if self._owner(piece) == unit:
                    self._give(piece, heir)
        for unit in (NOBODY, *gone[len(come) :]):
            self._pass_on(unit, position)
        for unit in come[len(gone) :]:
            self._take_share(unit, position)

    def override(self, position: int, named: Sequence[str]) -> None:
        """Put the named writers in, and let whoever is relieved take over later pieces as far as that is fairer."""
        able = [unit for unit in named if unit in self._turns[position].members]
        if named and not able:
            return
        length = max(self._turns[position].count, len(able)) if able else 0
        old, new = self._owners[position], list(islice(cycle(able), length))
        self._owners[position] = new
        self._fair = self._fair_shares(position)
        relieved = [unit for unit in self._turns[position].members if Counter(old)[unit] > Counter(new)[unit]]
        later = list(self._pieces(position + 1))
        self._settle(position, {piece: [self._owner(piece), *relieved] for piece in later})

    def _pass_on(self, gone: str, position: int) -> None:
        """Give a unit's pieces from this period on to those who are there."""
        members = self._members[position]
        orphaned = [piece for piece in self._pieces(position) if self._owner(piece) == gone]
        if not orphaned:
            return
        for piece in orphaned:
            self._give(piece, NOBODY)
        if members:
            for piece in orphaned:
                costs = {unit: self._cost(position, {piece: unit}) for unit in members}
                self._give(piece, min(members, key=costs.__getitem__))
            self._settle(position, dict.fromkeys(orphaned, members))

    def _take_share(self, newcomer: str, position: int) -> None:
        """Give a newcomer its fair share of the pieces from this period on."""
        pieces = list(self._pieces(position))
        share = len(pieces) // len(self._members[position])
        others = [piece for piece in pieces if self._owner(piece) != newcomer]
        choices = {piece: [self._owner(piece), newcomer] for piece in others}
        for _ in range(share - (len(pieces) - len(others))):
            free = [piece for piece in others if self._owner(piece) != newcomer]
            self._give(min(free, key=lambda piece: self._cost(position, {piece: newcomer})), newcomer)
        self._settle(position, choices, {newcomer: share})

    def _settle(
        self, position: int, choices: Mapping[_Piece, Sequence[str]], share: Mapping[str, int] | None = None
    ) -> None:
        """Improve one or two pieces at a time, among each piece's choices, until nothing is better."""
        while True:
            best, move = self._cost(position, {}, share), None
            for candidate in _moves(choices):
                cost = self._cost(position, candidate, share)
                if cost < best:
                    best, move = cost, candidate
            if move is None:
                return
            for piece, unit in move.items():
                self._give(piece, unit)

    def _cost(
        self, position: int, changes: Mapping[_Piece, str], share: Mapping[str, int] | None = None
    ) -> tuple[int, ...]:
        """What is wrong with the rota after some changes, the worse first.

        A newcomer with other than its share; a unit twice in one period; pieces unevenly spread, against what each
        member would have if every period were shared evenly among those then there; a unit in two periods running.
        """
        owners = list(self._owners)
        for piece, unit in changes.items():
            owners[piece.position] = [*owners[piece.position]]
            owners[piece.position][piece.number] = unit
        written = [[unit for unit in units if unit != NOBODY] for units in owners]
        later = Counter(chain.from_iterable(written[position:])) if share else Counter[str]()
        total = Counter(chain.from_iterable(written))
        return (
            sum(abs(later[unit] - wanted) for unit, wanted in (share or {}).items()),
            sum(len(units) - len(set(units)) for units in written),
            sum((total[unit] * self._whole - fair) ** 2 for unit, fair in self._fair.items()),
            sum(len(set(units) & set(following)) for units, following in pairwise(written)),
        )

    def _fair_shares(self, position: int) -> dict[str, int]:
        """What each member of that period would have, in parts, if all were shared evenly among those then there."""
        fair = dict.fromkeys(self._members[position], 0) if self._members else {}
        for units, members in zip(self._owners, self._members, strict=True):
            for unit in members:
                if unit in fair:
                    fair[unit] += len(units) * self._whole // len(members)
        return fair

    def _pieces(self, position: int) -> Iterator[_Piece]:
        for later in range(position, len(self._owners)):
            for number in range(len(self._owners[later])):
                yield _Piece(later, number)

    def _owner(self, piece: _Piece) -> str:
        return self._owners[piece.position][piece.number]

    def _give(self, piece: _Piece, unit: str) -> None:
        self._owners[piece.position][piece.number] = unit


def _moves(choices: Mapping[_Piece, Sequence[str]]) -> Iterable[dict[_Piece, str]]:
    """Every way to settle one piece, then every way to settle two, in a fixed order."""
    for piece, units in choices.items():
        for unit in units:
            yield {piece: unit}
    for one, other in combinations(choices, 2):
        for first, second in product(choices[one], choices[other]):
            yield {one: first, other: second}
