"""Each target holds over its seeds and over damaged ones. The long search is `make fuzz`."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.targets import NAMES, load

MUTATIONS = 200


def damaged(data: bytes, random: Random) -> bytes:
    """One to four bytes changed, put in or taken out."""
    mutant = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randint(0, len(mutant))
        match random.randrange(3):
            case 0:
                mutant[place : place + 1] = random.randbytes(1)
            case 1:
                mutant[place:place] = random.randbytes(random.randint(1, 4))
            case _:
                del mutant[place : place + random.randint(1, 4)]
    return bytes(mutant)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_holds_over_its_seeds_and_damaged_ones(name: str) -> None:
    target = load(name)
    seeds = list(target.seeds())
    assert seeds
    for seed in [b"", *seeds]:
        target.run(seed)
    random = Random(name)  # noqa: S311 - the same each time, on purpose
    for _ in range(MUTATIONS):
        target.run(damaged(random.choice(seeds), random))
