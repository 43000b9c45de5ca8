"""Regions and local authorities with their published names and codes, and made-up things about them.

Names and codes are those of the Office for National Statistics' register of geographic codes (Open Government Licence
v3.0). Everything else is drawn from the world's seed and says nothing about the real places: how large they are beside
each other is rounded by hand, how well-off they are and how far children rise there is drawn.

Vocabulary
----------
standing
    A person's lasting economic position, a standard normal score.
rise
    How much higher or lower the standing of children is who grow up in an authority, whatever their parents' is.
persistence
    The correlation of children's standing with their parents' in an authority.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.hub.demo.population.arrays import Floats, Ints, texts

REGIONS = {
    "E12000001": "North East",
    "E12000002": "North West",
    "E12000003": "Yorkshire and The Humber",
    "E12000004": "East Midlands",
    "E12000005": "West Midlands",
    "E12000006": "East of England",
    "E12000007": "London",
    "E12000008": "South East",
    "E12000009": "South West",
    "W92000004": "Wales",
    "S92000003": "Scotland",
    "N92000002": "Northern Ireland",
}
"""Code to name: the nine regions of England and the three other nations."""


@dataclass(frozen=True)
class Authority:
    """A local authority.

    Attributes
    ----------
    size : int
        How many tens of thousands of people live there, about; only the ratios matter.
    """

    code: str
    name: str
    region: str
    size: int


_TABLE = {
    "E12000001": """E06000002 14 Middlesbrough | E06000047 52 County Durham | E06000057 32 Northumberland
        | E08000021 30 Newcastle upon Tyne | E08000024 27 Sunderland""",
    "E12000002": """E06000007 21 Warrington | E06000009 14 Blackpool | E08000001 30 Bolton | E08000003 55 Manchester
        | E08000012 49 Liverpool""",
    "E12000003": """E06000010 27 Kingston upon Hull, City of | E06000014 20 York | E08000032 55 Bradford
        | E08000035 81 Leeds | E08000036 35 Wakefield""",
    "E12000004": """E06000015 26 Derby | E06000016 37 Leicester | E06000018 32 Nottingham | E07000130 18 Charnwood
        | E07000138 10 Lincoln""",
    "E12000005": """E06000021 26 Stoke-on-Trent | E06000051 32 Shropshire | E08000025 114 Birmingham
        | E08000026 35 Coventry | E08000031 26 Wolverhampton""",
    "E12000006": """E06000031 22 Peterborough | E06000032 23 Luton | E06000033 18 Southend-on-Sea
        | E07000008 15 Cambridge | E07000148 14 Norwich""",
    "E12000007": """E09000007 21 Camden | E09000008 39 Croydon | E09000012 26 Hackney | E09000025 35 Newham
        | E09000027 20 Richmond upon Thames | E09000030 31 Tower Hamlets""",
    "E12000008": """E06000035 28 Medway | E06000043 28 Brighton and Hove | E06000044 21 Portsmouth
        | E06000045 25 Southampton | E06000060 55 Buckinghamshire | E07000178 16 Oxford""",
    "E12000009": """E06000022 19 Bath and North East Somerset | E06000023 47 Bristol, City of | E06000026 26 Plymouth
        | E06000052 57 Cornwall | E06000054 51 Wiltshire""",
    "W92000004": """W06000002 12 Gwynedd | W06000011 24 Swansea | W06000015 36 Cardiff | W06000022 16 Newport
        | W06000024 6 Merthyr Tydfil""",
    "S92000003": """S12000017 24 Highland | S12000033 22 Aberdeen City | S12000036 51 City of Edinburgh
        | S12000042 15 Dundee City | S12000049 62 Glasgow City""",
    "N92000002": """N09000001 15 Antrim and Newtownabbey | N09000003 35 Belfast | N09000005 15 Derry City and Strabane
        | N09000007 15 Lisburn and Castlereagh | N09000010 18 Newry, Mourne and Down""",
}


def _read() -> tuple[Authority, ...]:
    found = []
    for region, text in _TABLE.items():
        for item in text.split("|"):
            code, size, name = item.strip().split(maxsplit=2)
            found.append(Authority(code, name, region, int(size)))
    return tuple(found)


AUTHORITIES = _read()
CODES = texts([one.code for one in AUTHORITIES])
REGION_CODES = texts([one.region for one in AUTHORITIES])

PERSISTENCE = 0.3552
"""Correlation of normal scores that gives a rank correlation of .341: ``2 sin(pi .341 / 6)``."""

_SPREAD_STANDING = 0.30
_SPREAD_RISE = 0.12
_SPREAD_PERSISTENCE = 0.06
_LOWEST, _HIGHEST = 0.20, 0.52


@dataclass(frozen=True)
class Areas:
    """What is made up about the authorities, one value each.

    Attributes
    ----------
    share : ndarray of float, shape (authorities,)
        Share of the first generation that lives there; adds up to 1.
    standing : ndarray of float, shape (authorities,)
        Mean standing; weighted mean 0.
    rise, persistence : ndarray of float, shape (authorities,)
        See the module's vocabulary; weighted means 0 and `PERSISTENCE`, and `rise` is uncorrelated with `standing`.
    region : ndarray of int, shape (authorities,)
        Position in `REGIONS`.
    """

    share: Floats
    standing: Floats
    rise: Floats
    persistence: Floats
    region: Ints

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Areas:
        """Draw them."""
        share = np.array([one.size for one in AUTHORITIES], dtype=np.float64)
        share /= share.sum()
        standing = _centred(rng.normal(0, _SPREAD_STANDING, len(share)), share)
        rise = _centred(rng.normal(0, _SPREAD_RISE, len(share)), share)
        # Uncorrelated, or the country's rank correlation would not be the one of PERSISTENCE.
        rise -= standing * np.sum(share * rise * standing) / np.sum(share * standing**2)
        persistence = _centred(rng.normal(0, _SPREAD_PERSISTENCE, len(share)), share) + PERSISTENCE
        codes = list(REGIONS)
        region = np.array([codes.index(one.region) for one in AUTHORITIES], dtype=np.int64)
        return cls(share, standing, rise, np.clip(persistence, _LOWEST, _HIGHEST), region)

    @property
    def noise(self) -> float:
        """Variance of standing between authorities, to be left out of what is drawn within them."""
        return float(np.sum(self.share * self.standing**2))

    @property
    def noise_of_rise(self) -> float:
        """Variance of `rise` between authorities."""
        return float(np.sum(self.share * self.rise**2))


def _centred(values: Floats, share: Floats) -> Floats:
    centred: Floats = values - np.sum(share * values)
    return centred
