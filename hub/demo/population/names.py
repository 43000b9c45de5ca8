"""Names: frequency lists of our own making, by where a family's names come from and by when a child was born.

Nobody's real frequencies were copied: given names are listed from old-fashioned to modern and a birth year favours its
part of the list; surnames have frequencies that fall with their place in the list. Surnames of British families are
mostly put together from a first and a last part, so that there are enough for ten million people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from saferoom.hub.demo.population.arrays import Floats, Ints, Texts, pick, pick_by, texts

FEMALE, MALE = 0, 1

ORIGINS = ("british", "irish", "polish", "south_asian", "chinese", "african", "arabic")
"""Where a family's names come from."""

_GIVEN: Mapping[str, tuple[str, str]] = {
    "british": (
        "Doris Joan Edna Audrey Margaret Jean Barbara Patricia Sheila Brenda Maureen Pauline Christine Susan Linda "
        "Carol Janet Judith Elizabeth Jacqueline Julie Deborah Karen Alison Tracey Sharon Michelle Joanne Lisa Nicola "
        "Samantha Victoria Claire Sarah Rebecca Gemma Laura Stephanie Kelly Rachel Lauren Jessica Katherine Hannah "
        "Charlotte Emily Bethany Megan Chloe Georgia Ellie Lucy Grace Sophie Olivia Amelia Isla Poppy Freya Ivy",
        "Harold Stanley Ronald Kenneth Raymond Derek Roy Brian Dennis Terence Keith Barry Roger Alan Michael Peter "
        "John Colin Graham Trevor Nigel Kevin Stephen Ian Gary Paul Martin Andrew Mark Simon Jonathan Darren Jason "
        "Lee Craig Richard Robert Stuart Matthew Gareth Christopher James Daniel Adam Benjamin Thomas Luke Jack "
        "Joshua Callum Ryan Joseph Samuel Alfie Oliver Harry Charlie George Noah Theo",
    ),
    "irish": (
        "Bridget Nora Kathleen Eileen Maeve Philomena Bernadette Deirdre Sinead Siobhan Aisling Roisin Orla Ciara "
        "Niamh Aoife Caoimhe Saoirse Fiadh Eabha",
        "Seamus Eamon Declan Brendan Dermot Liam Fergus Niall Padraig Cormac Ciaran Conor Eoin Oisin Cillian Darragh "
        "Ronan Fionn Tadhg Rian",
    ),
    "polish": (
        "Halina Krystyna Danuta Jadwiga Teresa Elzbieta Malgorzata Ewa Beata Agnieszka Katarzyna Joanna Magdalena "
        "Aleksandra Natalia Zuzanna Julia Maja Lena Zofia",
        "Zbigniew Jerzy Tadeusz Ryszard Andrzej Krzysztof Wojciech Grzegorz Piotr Tomasz Marcin Lukasz Pawel Mateusz "
        "Kamil Jakub Kacper Filip Szymon Antoni",
    ),
    "south_asian": (
        "Surinder Kamla Nasreen Shanti Parveen Rukhsana Manjit Sunita Meena Shabana Farida Anjali Rekha Harpreet Nadia "
        "Saima Priya Pooja Sana Aaliyah Aisha Simran Zara Anaya Inaya Amara",
        "Gurdev Mohinder Abdul Ghulam Ramesh Balbir Suresh Javed Tariq Rajesh Imran Sanjay Asif Kamran Harjit Mohammed "
        "Vikram Usman Amit Bilal Arjun Hamza Ibrahim Rohan Zain Aarav",
    ),
    "chinese": (
        "Suk Lai Mei Yuk Siu Wai Ling Hui Xiaoling Yan Ying Jing Fang Xin Yi Wing Jia Ting Yuhan Zihan",
        "Kwok Chi Kam Wah Hing Yiu Ming Kin Jun Wei Tao Hao Lei Chun Bo Jian Yong Haoran Yichen Zimo",
    ),
    "african": (
        "Comfort Abena Esther Mercy Ngozi Folake Blessing Adwoa Funmilayo Yetunde Efua Chidinma Ifeoma Amina Zainab "
        "Temitope Chiamaka Precious Oluchi Ayomide Zuri",
        "Kofi Kwabena Emeka Festus Sunday Babatunde Kwame Olusegun Chukwudi Yaw Ikenna Adewale Musa Ibrahima Tunde "
        "Obinna Chinedu Emmanuel Tobi Ayodele Zion",
    ),
    "arabic": (
        "Fatima Khadija Zeinab Samira Nawal Huda Layla Amal Rania Mona Hanan Dina Yasmin Noor Maryam Salma Lina Jana",
        "Mahmoud Khalil Hassan Salim Nabil Mustafa Khaled Samir Omar Ahmed Hussein Walid Karim Youssef Ali Rami Adam "
        "Taha",
    ),
}

_SURNAMES: Mapping[str, str] = {
    "irish": "Murphy Kelly Byrne Ryan Connolly Doherty Gallagher Nolan Quinn Brennan Kavanagh Maguire Donnelly Sweeney "
    "McGrath Flynn Duffy Rooney Devlin McCann Heaney Tierney Mulligan Corrigan Scanlon Feeney Hegarty Lavery",
    "polish": "Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski Wozniak Dabrowski "
    "Kozlowski Jankowski Mazur Krawczyk Piotrowski Grabowski Pawlak Michalski Krol Wieczorek Jablonski Wrobel",
    "south_asian": "Khan Patel Singh Hussain Kaur Ahmed Ali Begum Shah Akhtar Malik Mahmood Iqbal Sharma Mistry Gill "
    "Sandhu Chowdhury Rahman Miah Uddin Islam Bhatti Rashid Aslam Dhillon Desai Joshi Kumar Reddy Nair Qureshi",
    "chinese": "Chan Wong Li Chen Zhang Wang Lam Liu Cheung Ng Lau Yang Leung Huang Ho Zhao Tang Wu Yip Lin Xu Zhou",
    "african": "Mensah Okafor Adeyemi Owusu Osei Boateng Okeke Adebayo Nwosu Asante Ogunleye Balogun Eze Mohamed Abdi "
    "Appiah Okonkwo Diallo Bello Kamara Sesay Tesfaye Moyo Ndlovu Banda Chukwu Oyelaran Afolabi Agyemang Bangura",
    "arabic": "Hassan Ibrahim Saleh Mansour Haddad Aziz Nasser Farah Khalil Hamdan Bakr Jaber Saeed Zaki Shahin Rashed "
    "Othman Sabbagh Habib Darwish Najjar",
}
_COMMON = (
    "Smith Jones Taylor Brown Williams Davies Evans Wilson Thomas Roberts Johnson Walker Wright Thompson Robinson "
    "White Hughes Edwards Green Hall Lewis Harris Clarke Martin Jackson Wood Turner Hill Morris Cooper Ward Campbell "
    "Stewart MacDonald Fraser Ross Morgan Price Griffiths Owen"
)
_FIRST = (
    "Ash Brad Black Broad Burn Cal Chad Clay Cran Dal Dun Eller Ever Fair Far Fen Gar Green Had Hal Harp Hather Hol "
    "Horn Ken Kirk Lang Lin Lock Long Mar Mel Mid Nor North Oak Pen Ram Red Ruth Sedge Shel Stan Stock Stam Thorn Wal "
    "Weth Wick Wim Win Wol Wood"
)
_LAST = "ton ley ford well wood field worth by ham combe stead wick more land shaw ridge bourne man gate low"

_PUT_TOGETHER_SHARE = 0.45
_FALL = 0.75
_SPREAD_YEARS = 14.0
_OLDEST, _YOUNGEST = 1930, 2021

SHORT_FORMS: Mapping[str, str] = {
    "Margaret": "Maggie", "Patricia": "Pat", "Christine": "Chris", "Susan": "Sue", "Elizabeth": "Liz",
    "Jacqueline": "Jackie", "Deborah": "Debbie", "Samantha": "Sam", "Victoria": "Vicky", "Rebecca": "Becky",
    "Stephanie": "Steph", "Katherine": "Kate", "Charlotte": "Lottie", "Bethany": "Beth", "Ronald": "Ron",
    "Kenneth": "Ken", "Raymond": "Ray", "Terence": "Terry", "Michael": "Mike", "Peter": "Pete", "Stephen": "Steve",
    "Andrew": "Andy", "Jonathan": "Jon", "Richard": "Rick", "Robert": "Bob", "Matthew": "Matt", "Christopher": "Chris",
    "Daniel": "Dan", "Benjamin": "Ben", "Thomas": "Tom", "Joshua": "Josh", "Joseph": "Joe", "Samuel": "Sam",
    "Oliver": "Ollie", "James": "Jim", "Kathleen": "Kath", "Bernadette": "Bernie", "Malgorzata": "Margaret",
    "Katarzyna": "Kasia", "Agnieszka": "Agnes", "Aleksandra": "Ola", "Krzysztof": "Chris", "Wojciech": "Wojtek",
    "Grzegorz": "Greg", "Pawel": "Paul", "Mohammed": "Muhammad", "Ahmed": "Ahmad", "Aisha": "Ayesha",
    "Hussein": "Husain", "Youssef": "Yusuf", "Fatima": "Fatema", "Khadija": "Khadijah", "Zeinab": "Zaynab",
    "Usman": "Osman", "Tariq": "Tarek", "Parveen": "Parvin", "Nadia": "Nadiya", "Olusegun": "Segun",
    "Babatunde": "Tunde", "Temitope": "Temi", "Funmilayo": "Funmi", "Chidinma": "Chidi", "Emmanuel": "Emma",
    "Oluchi": "Luchi", "Adewale": "Wale", "Ayomide": "Ayo", "Kwabena": "Kobina", "Xiaoling": "Lynn", "Siu": "Sue",
    "Ming": "Raymond", "Wai": "Vivian", "Mahmoud": "Mahmud", "Hassan": "Hasan", "Omar": "Umar", "Maryam": "Mariam",
}  # fmt: skip
"""Given name to the other form of it that people also go by: a short form, or another spelling in Latin letters."""


@cache
def _surnames(origin: str) -> tuple[Texts, Floats]:
    """Return the surnames of an origin and their frequencies."""
    if origin != "british":
        listed = _SURNAMES[origin].split()
        return texts(listed), _falling(len(listed))
    common = _COMMON.split()
    made = [first + last for last in _LAST.split() for first in _FIRST.split()]
    weights = (1 - _PUT_TOGETHER_SHARE) * _falling(len(common)), _PUT_TOGETHER_SHARE * _falling(len(made))
    return texts([*common, *made]), np.concatenate(weights)


def _falling(size: int) -> Floats:
    weights: Floats = 1.0 / np.arange(1, size + 1, dtype=np.float64) ** _FALL
    shares: Floats = weights / weights.sum()
    return shares


@cache
def _given(origin: str, sex: int) -> tuple[Texts, Floats]:
    """Return given names and their frequencies by year of birth, shape (years, names)."""
    listed: Sequence[str] = _GIVEN[origin][sex].split()
    middle = np.linspace(_OLDEST, _YOUNGEST, len(listed))
    years = np.arange(_OLDEST, _YOUNGEST + 1)[:, None]
    weights = np.exp(-0.5 * ((years - middle) / _SPREAD_YEARS) ** 2) + 0.02
    return texts(listed), weights


def given_names(rng: np.random.Generator, origins: Ints, sexes: Ints, years: Ints) -> Texts:
    """Draw given names.

    Parameters
    ----------
    origins : ndarray of int, shape (n,)
        Positions in `ORIGINS`.
    sexes : ndarray of int, shape (n,)
        `FEMALE` or `MALE`.
    years : ndarray of int, shape (n,)
        Years of birth.
    """
    drawn = np.empty(len(origins), dtype=object)
    for number, origin in enumerate(ORIGINS):
        for sex in (FEMALE, MALE):
            members = np.flatnonzero((origins == number) & (sexes == sex))
            listed, weights = _given(origin, sex)
            rows = np.clip(years[members], _OLDEST, _YOUNGEST) - _OLDEST
            drawn[members] = listed[pick_by(rng, weights, rows)]
    return drawn


def surnames(rng: np.random.Generator, origins: Ints) -> Texts:
    """Draw surnames for families whose names come from `origins` (positions in `ORIGINS`)."""
    drawn = np.empty(len(origins), dtype=object)
    for number, origin in enumerate(ORIGINS):
        members = np.flatnonzero(origins == number)
        listed, weights = _surnames(origin)
        drawn[members] = listed[pick(rng, weights, len(members))]
    return drawn
