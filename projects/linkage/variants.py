"""Given names that the same person goes by: short forms and other spellings, as families of names.

The families are common knowledge, written down here; no list was copied. A name that is short for several others
(Chris, Sam, Alex) is in several families; sex and the other fields tell whom it is.
"""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_FAMILIES = """
abdul abdel abdal abdullah abdulla abdallah
abigail abby abbie abi gail
abraham abe abram ibrahim ebrahim ibraheem ibrahima
adam adem aadam
adeline adelaide addie ada
adewale wale
adrian ade
agatha aggie
agnes agnieszka aggie agneta
ahmed ahmad ahmet achmed
aidan aiden aedan adan
aisha ayesha aysha aishah aicha ayisha
alan allan allen al
albert al bert albie bertie
alexander alexandra alex alec alexis alastair alistair alasdair alister sandy sasha sandra xander lex ola aleksandra
aleksander alessandro alejandro
alfred alf alfie fred freddie
ali aly
alice alicia ally allie alison allison
amelia amy emily em milly millie emilia
amina aminah ameena
anastasia stacey stacy ana
andrew andy drew andrea andrzej andre andreas andrei
angela angie angelina ange
anne ann anna annie anita annette hannah hanna nancy nan anya ania
anthony tony antony anton antoni antonio ant
archibald archie
arthur art artie artur
aurelia rely
ayomide ayo
babatunde tunde olatunde
barbara barb babs barbra basia
bartholomew bart barty bartosz bartek
beatrice bea beatrix trixie
benjamin ben benji benny binyamin
bernadette bernie berna
bernard bernie
bethany beth
bridget bridie biddy brigid bridgette
caroline carolyn carol carrie caro karolina
catherine katherine kathryn katharine cathryn cath kath cathy kathy kate katie katy kat kitty kathleen kay kasia
katarzyna caitlin kaitlyn katrina catriona
charles charlie chas chuck karol carl karl
charlotte lottie charlie lotte char
chidinma chidi
chiamaka amaka
christopher chris kit topher krzysztof kris kristopher christoffer
christine christina chris tina chrissie kristina kristine krystyna christian
clara claire clare klara
clifford cliff
conor connor conner
cordelia delia
cynthia cindy
daniel dan danny daniyal danyal
danielle dani
david dave davy dai dawid daud dawood
deborah debbie deb debra
dennis den denis denny
derek del derrick
diana diane dianne di
dominic dom dominik
donald don donny
dorothy dot dottie dolly dora
douglas doug dougie
edward ed eddie ted teddy ned edwin edmund eduardo
eileen aileen ailene
eleanor ellie nell nellie elle ella nora lenore elinor helen
elizabeth liz lizzie beth betty bess bessie eliza elsie libby lisa elspeth betsy lily elzbieta elisabeth isabel isobel
isabella isabelle bella izzy
emmanuel manny emma emanuel immanuel
eric erik erick
ernest ernie
esther ester hester
ethel eth
eugene gene
ewan euan eoin owen ewen iwan
faisal faysal feisal
fatima fatema fatma fatimah fathima
felicity fliss flick
fiona fi
florence flo flossie florrie
frances fran francesca frankie
francis frank frankie franciszek franco francesco
frederick fred freddie freddy frederic
funmilayo funmi
gabriel gabe gabrielle gabriella gaby
gareth gary gaz garry garath
geoffrey jeffrey geoff jeff jeffery
george georgie geo jerzy jorge yiorgos
georgina georgia georgie gina
gerald gerry jerry gerard jeremy jez
gillian jill gill jillian
grace gracie
graham graeme grahame
gregory greg gregor grzegorz
gwendoline gwen gwendolen
harold harry hal
hassan hasan hasaan
harriet hattie harry hettie
helen helena nell lena elena halina
henry harry hal hank henryk henri
hubert bert
hugh hughie huw hugo
humphrey humph
hussein husain hussain husayn hossein
ian iain
imogen immy
imran emran
irene rene renee
isaac ike zac ishaq
jack jackie jacky
jacob jake jakub yaqub yacoub jacub
jacqueline jackie jacqui jacky jacquelyn
james jim jimmy jamie jem jimi seamus hamish
jane janie jenny jayne jan janet janice
janet jan jannet
jasmine jaz jas yasmin yasmeen jasmin yasmine
javed javid jawed
jean jeannie jeanne jeanette
jennifer jen jenny jenni
jeremiah jerry jem
jessica jess jessie
joan joanie jo
joanne jo joanna joann johanna
john jack johnny jon jonny ian sean shaun evan jan johan johannes johnnie
jonathan jon jonny johnathan nathan jonathon
joseph joe joey jo josef jozef yusuf yousef youssef yousuf yosef
josephine jo josie jose
joshua josh
joyce joy
judith judy jude judi
julia julie jules juliet juliette juliana giulia
julian jules julius
karen kaz karin caren
kareem karim
kayleigh kaylee kayley
kelly kellie kelley
kenneth ken kenny
kevin kev
khadija khadijah khadeeja
khaled khalid
kimberley kim kimberly kimmy
kwabena kobina kobena
laura lauren laurie lora lori
lawrence laurence larry laurie lars loz
leonard len lenny leo lennie
leslie les lesley lez
lewis louis lou luis ludwik
lillian lily lilian lil
linda lynda lindy lin lyn lynn lynne xiaoling
lindsay lindsey lynsey linsey
louise lou louisa lulu
lucy lucia lucinda lucie
luke lucas lukasz luca lukas
madeleine maddie madeline maddy madelaine magdalena magda
mahmoud mahmud mehmood mahmood mehmud
malcolm mal malc
margaret maggie meg peggy margie marge margot greta rita megan madge mags marguerite malgorzata gosia
maria marie mary maryam mariam miriam molly polly moira maire mia may mariya marya maureen mo
marilyn marlyn
mark marc marcus marek markus marco
martha marta patty
martin marty martyn marcin
matilda tilly tilda mattie
matthew matt matty mathew mateusz matteo mat matthias
maurice mo morris maury
maximilian max maxwell maxim
melanie mel
melissa mel lissa
michael mike mick mickey mikey micky mikhail michal miguel michel micheal
michelle shell michele chelle shelly
mildred millie milly
minnie wilhelmina mina
mohammed muhammad mohamed mohammad mohamad muhammed mohd mo mehmet muhammet mahomet
mustafa mostafa mustapha
nadia nadya nadiya nadja
natalie nat natalia natasha tasha nataliya natalya
nathaniel nathan nat nate nathanael
nicholas nick nicky nico nicolas mikolaj klaus nik
nicola nicky nikki nicole nic nicolette nik
noor nur nour
olivia liv livvy olive livia
oliver ollie olly
oluchi luchi
olusegun segun
omar umar omer
osman usman othman uthman
pamela pam
parveen parvin perveen
patricia pat patty trish trisha tricia patsy paddy
patrick pat paddy padraig patryk patric
paul pawel pablo paolo pauly
paula pauline polly paulina
penelope penny pen
peter pete piotr pedro pierre petros
philip phil phillip pip filip philippe
philippa pip pippa
phyllis phyl phillis
rachel rach rachael raquel
raymond ray ming
rebecca becky becca bex rebekah
reginald reg reggie
rhiannon rhi
richard rick dick rich richie ricky ryszard ricardo rik
robert bob rob bobby robbie bert robin roberto rupert
roderick rod roddy
rodney rod
roger rog rodger
ronald ron ronnie
rosemary rose rosie rosa rosalind rosamund romy
rosaleen roisin
roxanne roxy
russell russ
ruth ruthie
salim saleem selim
salma selma
samuel sam sammy samson
samantha sam sammy sammie sami
sarah sally sara sadie sal zara
saoirse sersha
sebastian seb bas
sharon shaz sharron shari
shirley shirl
siobhan shevaun chevonne
sidney sid sydney
simon si szymon simeon
siu sue
sophie sophia sofia zofia soph sofie
stanley stan stanislaw
stephanie steph steff stefanie
stephen steven steve stevie stefan stephan szczepan esteban
stuart stewart stu
susan sue susie suzanne susanna susannah suzie suzy zuzanna
syed sayed said saeed sayeed
sylvia silvia
tamara tammy tam tamsin thomasina
tariq tarek tarik tareq
temitope temi tope
terence terry terrence tel
teresa theresa terri tess tessa terry therese
theodore theo ted teddy
thomas tom tommy tomasz tomas
timothy tim timmy
tobias toby tobi
tracey tracy trace
ursula ula
valerie val
vanessa nessa ness
veronica vera ronnie roni
victor vic viktor
victoria vicky vicki tori vikki wiktoria
vincent vince vinny vincenzo
viola vi violet
vivian vivien vivienne viv wai
walter wally walt
wendy wend
wilfred wilf fred
william bill billy will willy liam wil gwilym wilhelm willie
winifred winnie freda win
wojciech wojtek
xavier javier
yvonne eve evie evelyn ewa eva
zachary zac zack zak zachariah zakaria zakariya
zainab zeinab zaynab zaynap zeynep zaineb
zoe zoey
"""


NAMES_TABLE = "linkage_given_names"
"""Table `name, families` that `families_of` reads."""


@cache
def families() -> Mapping[str, tuple[int, ...]]:
    """Return name -> numbers of the families it belongs to."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(_FAMILIES.strip().splitlines()):
        for name in line.split():
            found.setdefault(name, []).append(number)
    return {name: tuple(dict.fromkeys(numbers)) for name, numbers in found.items()}


def families_of(text: str) -> str:
    """Return the SQL of the families that the name `text` belongs to, a list of numbers or NULL."""
    return f"(select n.families from {NAMES_TABLE} n where n.name = {text})"


def make_names_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of names, once for a connection."""
    import pyarrow as pa

    listed = families()
    values = {
        "name": pa.array(list(listed)),
        "families": pa.array([list(v) for v in listed.values()], pa.list_(pa.int16())),
    }
    connection.register("linkage_given_names_listed", pa.table(values))
    connection.execute(f"create or replace temp table {NAMES_TABLE} as from linkage_given_names_listed")
    connection.unregister("linkage_given_names_listed")
