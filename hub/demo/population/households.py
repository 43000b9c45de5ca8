"""Households at addresses: who lives with whom on census day, where, and where they lived before.

A household is who shares an address: a couple that is together with the children still at home, a parent whose couple
separated with the children it keeps, somebody alone, or a few young people who share. Postcodes have the form of real
ones in areas that do not exist, so that no address is anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.errors import BadInputError
from saferoom.hub.demo.population import names
from saferoom.hub.demo.population.arrays import NOBODY, Flags, Floats, Ints, Texts, happens, position_within, texts
from saferoom.hub.demo.population.people import People
from saferoom.hub.demo.population.places import AUTHORITIES, Areas

_SHARES_HOME = 0.35
_SHARERS = 3
_MOVED_SHARE = 0.35
_MOVED_YOUNG_FACTOR = 1.6
_LIKE_NEIGHBOURS_NOISE = 1.0

ADDRESSES_PER_POSTCODE = 16
_POSTCODES = 20 * 10 * 400
"""Postcodes of an area: districts, sectors and units."""
_SCRAMBLE = 52_361
"""Coprime to the number of postcodes: neighbours in number are no neighbours in postcode."""
_PEOPLE_PER_ADDRESS = 1.32
"""Earlier addresses counted; where the least deprived tenth of an authority begins depends on it."""
_DEPRIVATION_OF_AREA, _DEPRIVATION_WITHIN = 0.8, 0.8

_REAL_AREAS = """AB AL BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY EC EH
EN EX FK FY GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY LA LD LE LL LN LS LU ME MK ML NE NG NN NP NR NW
OL OX PA PE PH PL PO PR RG RH RM SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB WA WC WD WF WN WR
WS WV YO ZE"""
_AREAS = [a + b for a in "ABCDEFGHKLMNOPRSTUWY" for b in "BDEGHLNPRTUY" if a + b not in _REAL_AREAS.split()][::2]
"""Of the form of postcode areas, and none of them one: one for each authority."""
_UNIT_LETTERS = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))
_STREET_FIRST = """Mill Church Station Victoria Park Orchard Meadow Chapel School Queens Kings Albert Bridge Canal
Windsor Elm Oak Beech Cedar Willow Hawthorn Rose Priory Abbey Castle Quarry Harbour Forest Spring Garden"""
_STREET_LAST = "Street Road Lane Avenue Close Drive Way Terrace"
_STREETS = texts([f"{first} {last}" for first in _STREET_FIRST.split() for last in _STREET_LAST.split()])


@dataclass(frozen=True)
class Homes:
    """Where everybody lives.

    Attributes
    ----------
    household : ndarray of int, shape (people,)
        Number of the household, from 0.
    head : ndarray of int, shape (households,)
        Its reference person.
    authority : ndarray of int, shape (households,)
        Position in `AUTHORITIES`.
    address : ndarray of int, shape (households,)
        Number of the address among those of the authority, over all chunks.
    earlier_authority, earlier_address : ndarray of int, shape (people,)
        Where somebody lived before; where they live now if they never moved.
    """

    household: Ints
    head: Ints
    authority: Ints
    address: Ints
    earlier_authority: Ints
    earlier_address: Ints

    @property
    def moved(self) -> Flags:
        """Whether somebody's address is not the one from before, shape (people,)."""
        home = self.household
        elsewhere: Flags = self.earlier_address != self.address[home]
        elsewhere |= self.earlier_authority != self.authority[home]
        return elsewhere


def homes_of(rng: np.random.Generator, people: People, chunk: int, chunks: int) -> Homes:
    """Return where `people`, who are chunk number `chunk` of so many, live."""
    label = _with_whom(rng, people)
    head, household = np.unique(label, return_inverse=True)
    household = household.astype(np.int64)
    authority = people.lives[head]
    earlier, moves = _before(rng, people, head, household)
    wealth = people.standing[head] + rng.normal(0, _LIKE_NEIGHBOURS_NOISE, len(head))
    movers = np.flatnonzero(moves)
    all_authorities = np.concatenate([authority, authority[movers]])
    scores = np.concatenate([wealth, wealth[movers] - rng.exponential(0.3, len(movers))])
    order = np.argsort(scores, kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = position_within(all_authorities[order])
    number = number * chunks + chunk
    if number.max(initial=0) >= _POSTCODES * ADDRESSES_PER_POSTCODE:
        raise BadInputError("the largest authority would have more addresses than postcodes can hold; ask for fewer")
    address = number[: len(head)]
    before = address.copy()
    before[movers] = number[len(head) :]
    earlier_address = np.where(earlier == household, before[household], address[earlier])
    return Homes(household, head, authority, address, authority[earlier], earlier_address)


def _with_whom(rng: np.random.Generator, people: People) -> Ints:
    """Return for everybody the reference person of the household."""
    age = people.age
    label = np.arange(len(people))
    man = people.together & (people.sex == names.MALE)
    label[man] = people.partner[man]
    chance = np.interp(age, [17, 18, 21, 25, 30, 40], [0, 0.35, 0.5, 0.75, 0.93, 0.97])
    left = happens(rng, chance, len(people)) | (people.partner != NOBODY) | (people.keeper == NOBODY)
    at_home = np.flatnonzero(~left)
    # Who keeps a child is in a couple, or was, and so left home: its label is final.
    label[at_home] = label[people.keeper[at_home]]
    alone = left & (people.partner == NOBODY) & (age >= 18) & (age < 32)
    sharers = np.flatnonzero(alone & happens(rng, _SHARES_HOME, len(people)))
    sharers = sharers[np.argsort(people.lives[sharers], kind="stable")]
    place = people.lives[sharers]
    group = position_within(place) // _SHARERS + place * len(people)
    _, first, which = np.unique(group, return_index=True, return_inverse=True)
    label[sharers] = sharers[first][which]
    return label


def _before(rng: np.random.Generator, people: People, head: Ints, household: Ints) -> tuple[Ints, Flags]:
    """Return for everybody the household at whose address they lived before, and for households whether they moved.

    The young who left home come from their keeper's address; others lived with those they live with today.
    """
    young = people.age[head] < 40
    moves = happens(rng, _MOVED_SHARE * np.where(young, _MOVED_YOUNG_FACTOR, 1.0), len(head))
    earlier = household.copy()
    fledged = (people.keeper != NOBODY) & (people.age < 34)
    fledged &= household != household[people.keeper]
    earlier[fledged] = household[people.keeper[fledged]]
    return earlier, moves


def postcodes(authority: Ints, address: Ints) -> Texts:
    """Return the postcodes of addresses."""
    number = (address // ADDRESSES_PER_POSTCODE) * _SCRAMBLE % _POSTCODES
    district, rest = np.divmod(number, 4000)
    sector, unit = np.divmod(rest, 400)
    first, second = _UNIT_LETTERS[unit // 20], _UNIT_LETTERS[unit % 20]
    return texts(
        [
            f"{_AREAS[a]}{d + 1} {s}{i}{j}"
            for a, d, s, i, j in zip(
                authority.tolist(), district.tolist(), sector.tolist(), first.tolist(), second.tolist(), strict=True
            )
        ]
    )


def lines(authority: Ints, address: Ints) -> Texts:
    """Return house number, street and town of addresses; all of a postcode are in one street."""
    street = (address // ADDRESSES_PER_POSTCODE * 7_919 + authority * 31) % len(_STREETS)
    house = 1 + 2 * (address % ADDRESSES_PER_POSTCODE)
    return texts(
        [
            f"{h} {s}, {AUTHORITIES[a].name.partition(',')[0]}"
            for h, s, a in zip(house.tolist(), _STREETS[street].tolist(), authority.tolist(), strict=True)
        ]
    )


def place_within(areas: Areas, people_in_world: int, authority: Ints, address: Ints) -> Floats:
    """Return where in their authority addresses are, from 0 (the least well-off part) to 1; the same in a postcode."""
    addresses = np.maximum(1.0, people_in_world / _PEOPLE_PER_ADDRESS * areas.share[authority])
    middle = (address // ADDRESSES_PER_POSTCODE + 0.5) * ADDRESSES_PER_POSTCODE
    within: Floats = np.clip(middle / addresses, 0.005, 0.995)
    return within


def deprivation(areas: Areas, authority: Ints, within: Floats) -> Ints:
    """Return the tenth of neighbourhoods by deprivation, 1 the most deprived, `within` (see `place_within`)."""
    from scipy.special import ndtr, ndtri

    score: Floats = _DEPRIVATION_OF_AREA * areas.standing[authority] + _DEPRIVATION_WITHIN * ndtri(within)
    spread = np.sqrt(_DEPRIVATION_OF_AREA**2 * areas.noise + _DEPRIVATION_WITHIN**2)
    tenth: Ints = np.clip(np.floor(10 * ndtr(score / spread)), 0, 9).astype(np.int64) + 1
    return tenth
