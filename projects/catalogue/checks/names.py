"""Names that people have: given names of the linkage's families of names, and common surnames.

Common knowledge, written down here; no list was copied. Words that are more often something else (Young, March, Hope,
Grace, Faith, Rose) are left out of what counts, as a column of words would look like one of names.
"""

from __future__ import annotations

from functools import cache

from saferoom.projects.linkage.variants import families

_GIVEN = """
aaliyah aarav abena adwoa aisling amal amara amit anaya anjali aoife arjun asif audrey ayodele barry beata bilal
blessing brenda brendan brian callum caoimhe chloe chinedu ciara ciaran cillian colin cormac craig darren declan
deirdre dermot dina doris eamon edna efua elaine elsie emily emma eric erin ethel ewan eva fiona florence freya
gareth gavin glenda glenn glyn gordon graham gwen harriet heidi helen hilda hugh ian imogen ines irene iris isaac
isla ivan ivor jade janet jasmine jason jean jenna jeremy jessie joan joanne joanna jodie joyce julia julie june
justin karen karl kayleigh keith kelly kerry kevin kieran kimberley kirsty kyle laura lauren leah leanne leon
lindsay lorraine louise lucas lucy luke lynda lynne mabel malcolm mandy marc marcus maria marion marjorie mason
maureen maxine megan melissa mia michelle mildred mohan morag muriel natalie natasha neha neil nia niall nicole
nigel noah norma nuala oscar paige pamela paula pauline peggy phoebe phyllis poppy priya rachel raj rajesh rhian
rhys rita robin rory rosemary roy ruth ryan sally samira sandra sanjay sara sarah scarlett sean sharon sheila
shirley sian simon sinead sofia sophie stacey stella stuart sylvia tanya tara theresa tina toby tracey trevor
valerie vera veronica vijay vincent vivienne wanda wayne wendy winifred yasmin yvonne zara
"""
_SURNAMES = """
smith jones taylor davies evans thomas johnson roberts walker wright robinson thompson hughes edwards lewis harris
clarke patel jackson turner cooper ward morris moore clark lee hall martin harrison morgan james watson allen
davis parker bennett cox griffiths anderson wilson williams brown bailey richardson carter shaw collins adams
campbell stewart macdonald fraser ross murray reid kelly murphy ryan byrne oconnor osullivan obrien walsh doherty
gallagher quinn mccarthy kennedy lynch duffy flynn nolan brennan price owen phillips jenkins rees lloyd powell
singh khan ahmed hussain ali begum kaur shah akhtar malik mahmood iqbal sharma mistry gill chowdhury rahman miah uddin
islam rashid aslam desai joshi kumar reddy qureshi chan wong chen zhang wang cheung nowak kowalski wisniewski
kaminski lewandowski zielinski mensah okafor adeyemi owusu boateng okeke adebayo mohamed abdi appiah diallo
hassan ibrahim saleh mansour haddad aziz khalil smyth mitchell scott simpson marshall stevens matthews rogers
stevenson ferguson graham hamilton johnston mackenzie gordon kerr sinclair sutherland wallace donaldson rowlands
atkinson dawson holmes barnes spencer pearson fletcher dixon hudson gibson ellis fisher harvey palmer
andrews chapman barker knight butler russell foster armstrong cunningham lawrence webster saunders watkins
hopkins osborne baldwin barrett bradley brooks burgess burton carr chambers cole coleman cook cross
curtis day dean elliott fowler francis freeman gardner george gilbert goodwin gregory griffin hart
hawkins hayes henderson hicks higgins hill hodgson holland howard howe howell hunt hunter hutchinson ingram
jennings lambert lane lawson little lowe marsh mason may miles mills nash newman newton nicholls nicholson norman
norris page parsons payne perkins perry pritchard porter potter read reynolds rhodes richards riley robson
rowe sanders sharp simmons stephenson stone sutton tate tomlinson townsend tucker walters warren watts webb wells
wheeler wheatley whitehead wilkins wilkinson willis winter woodward yates
"""
_OTHERWISE = """
young march april may june hope grace faith rose lily ivy jade ruby amber summer autumn dawn joy mark art bill rob
pat sue drew frank grant guy jack jay kay lee ray rich will sandy sky daisy holly hazel iris violet olive opal pearl
crystal heather ginger robin martin dean earl duke king prince dale glen cliff forest chase cross day hall hill hunt
lane little lowe marsh mason miles mills page read sharp stone winter wells cook carter cooper taylor walker ward
turner parker price wheeler gardner hunter potter fisher butler knight porter farmer major constance
"""


@cache
def known_names() -> tuple[str, ...]:
    """Return every name, in small letters, in the order of the alphabet."""
    return tuple(sorted(({*families()} | {*_GIVEN.split()} | {*_SURNAMES.split()}) - {*_OTHERWISE.split()}))
