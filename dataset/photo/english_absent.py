"""Things that may be said to be absent: what no caption mentions, nor anything it could be part of.

A row: the thing | further words which show that it is there | words which leave it open.
Such lines exist only for what five people would hardly leave unsaid: no "no" for sky, wall or shoes.
"""

import re
from dataclasses import dataclass

from dataset.photo.english_balance import Case
from dataset.photo.english_facts import Facts
from dataset.photo.english_read import CLASS, NOUNS, plural_of

OPEN = {  # words that leave a whole class open
    "animal": """animal pet creature zoo farm carousel safari herd statue painting parade circus costume toy
        stuffed""",
    "vehicle": """vehicle street road traffic city parking lot intersection crosswalk highway driveway race
        curb urban town
 sidewalk pavement motor racing parade drive driving bumper garage corner shop market crowd busy
            neighborhood""",
    "gear": """object something item toy equipment crowd parade market shop store party fair carnival festival
        stuff things
        playground various thing room garage stall goods""",
    "furniture": """room indoors inside house home office restaurant cafe kitchen bedroom living carpet floor
        bed couch chair
 table sofa bar party library store shop porch patio deck sit sitting sits seated yard backyard event eat
        audience
 crowd concert stage gym hall school station desk seat bench rest lounge court garden sleep asleep nap
            tv""",
    "food": """table restaurant eat eats eating food picnic party kitchen cook cooking bite bites meal market
        store
        cafe lick mouth wedding""",
    "person": """person people adult child owner hand hands someone crowd rider driver player team group leash
        onlooker race man
 woman boy girl human couple family statue watched ridden being his her their he she they everyone
            others""",
    "place": "",
}
LINES = """
dog | | fur paw paws muzzle muzzled collar leash fetch retrieve barks wolf
cat | | lion tiger
horse | horseback cowboy rodeo jockey equestrian bronco bull mule | rider polo riding saddle donkey barn
+ ranch reins
bird | flock | feeding feathers wings sky fountain plaza square
cow | bull cattle rodeo | ranch field herding
sheep | | herding
elephant | | trunk
monkey | chimp ape |
bear | | teddy
duck | | pond bird birds geese
camel | | desert
goat | | mountain
rabbit | bunny |
car | race | vehicles
truck | | vehicles race pickup cart
bus | | passengers station stop
train | | station tracks subway passengers
bicycle | cyclist bicyclist biker bmx cycling bikers bicyclists cyclists biking pedaling | bike rider wheel
+ trail trick ramp dirt tricycle unicycle
motorcycle | motocross motorcyclist biker | bike rider race dirt motor atv
boat | sail sailing rafting | harbor dock pier ocean sea lake river paddle wakeboard waterski rapids wave
+ waves water ski board fishing canal
airplane | aircraft | airport wing sky parachute
skateboard | skateboarder skateboarding skateboarders skater | skate ramp trick skates board rail
+ rollerblades railing
snowboard | snowboarder snowboarding snowboarders | skier board slope trick
surfboard | surfer surfing surfers surfs | wave waves board boogie surf
sled | sledding | snow slides sliding tube
wheelchair | |
stroller | carriage | baby
tractor | | farm field
scooter | | skate wheels wheeled
ball | game soccer basketball tennis football | player play sport team toy match goal catch throw court
+ pitch bat racket kick object fetch playing volleyball baseball mouth chase jumps jumping
frisbee | disk disc | toy object catch throw mouth fetch chase something game plays playing
guitar | guitarist | band music instrument musician musicians stage perform performing concert instruments
drum | drums drummer drumming | band music instrument musician stage perform parade concert
umbrella | parasol | rain beach shade tent
kite | | fly flying string wind
balloon | balloons | party birthday clown
camera | photographer photographing photographs | picture pictures photo photos tourist
phone | cellphone cell | talk talking call
computer | laptop |
book | reading | read reads library school newspaper magazine
flag | flags | boat game sign banner ship sandcastle
swing | swings swinging | playground rope park hang tire
slide | slides sliding | playground pool park water
trampoline | | bounce bouncing
tent | | camp camping
ladder | | climb climbing
bench | | seat sit sitting sits
table | tables |
couch | sofa |
bed | | lying blanket
bathtub | bath tub | bathroom water
snow | snowy snowball snowboard snowboarder ski skiing sled sledding snowman skier | winter ice slope icy
+ white mountain cold
beach | shore seashore shoreline | sand ocean sea coast water wave waves surf sandy lake island shells bikini
pool | | water swim swimming bathing dive wet splash swims tub
mountain | mountains mountainous mountaintop | hill hills cliff rock rocky peak valley slope climb hike
+ hiking snow background field landscape view road lake trail desert ski sky snowboard ridge canyon
+ wilderness
waterfall | | river stream water rock rocks cliff
bridge | overpass | river rail walkway dock
playground | swing slide | park children structure monkey toy climbing bars jungle play
fire | campfire flames fireplace burning fireworks | smoke cook cooking candles torch grill camp hot
waves | wave surf surfer surfing surfs | ocean sea beach boat water
child | boy girl baby toddler kid children kids boys girls infant daughter son youth student students |
+ young person people family group crowd someone player rider team teenager teen little they parade skier
+ swimmer climber skateboarder snowboarder surfer biker others spectators audience
man | | person people group crowd adult someone player rider team couple family they parade child boy
+ teenager teen youth skier swimmer climber skateboarder snowboarder surfer biker male his he him others
+ spectators audience owner worker soldier musician
woman | ladies | person people group crowd adult someone player rider team couple family they parade child
+ girl teenager teen youth skier swimmer climber skateboarder snowboarder surfer biker female her she others
+ spectators audience owner worker dancer
baby | infant | toddler child kid people family crowd group little parents
person | people |
tree | trees forest woods jungle wooded palm pine | park yard branch leaves garden leafy outdoors outside
+ background field grass road street hill mountain
grass | grassy lawn meadow field | park yard garden ground hill outside outdoors game path backyard soccer
"""
INDOORS = frozenset(
    """indoors indoor kitchen couch bed bathroom restaurant bedroom sofa bathtub gym gymnasium stage subway
    office""".split()
)
SEA = frozenset("surf surfing surfer surfs underwater ocean wave waves".split())
ONLY_WHERE = {
    "tree": INDOORS | SEA,
    "grass": INDOORS | SEA,
    "mountain": INDOORS | {"pool", "street", "track"},
}


@dataclass(frozen=True)
class Line:
    thing: str
    shown_by: frozenset[str]
    left_open_by: frozenset[str]


def rows(text: str) -> list[str]:
    """The rows of a table; a line that begins with "+" goes on with the row above."""
    return re.sub(r"\n *\+", "", text.strip()).splitlines()


def forms(words: str) -> frozenset[str]:
    known = set(words.split())
    return frozenset(known | {plural_of(w) for w in known if w in NOUNS})


def _line(text: str) -> Line:
    thing, shown, left_open = (part.strip() for part in (text + " ").split("|"))
    common = OPEN.get(CLASS.get(thing, ""), "") if thing not in ("child", "man", "woman", "baby") else ""
    return Line(thing, forms(f"{thing} {shown}"), forms(f"{left_open} {common}") - {thing})


LINE = {line.thing: line for line in map(_line, rows(LINES))}


def may_be_denied(line: Line, facts: Facts) -> bool:
    where = ONLY_WHERE.get(line.thing)
    if where and not facts.words & where:
        return False
    return not facts.words & (line.shown_by | line.left_open_by)


def existence_case(facts: Facts) -> Case:
    """What is there, and what may be denied: rather a cat than a boat where there is a dog."""
    classes = {CLASS.get(noun) for noun in facts.seen} - {"person", "other", "place", "part"}
    deniable = tuple(thing for thing, line in LINE.items() if may_be_denied(line, facts))
    return Case(
        tuple(thing for thing in LINE if facts.seen[thing] > 1),
        deniable,
        frozenset(thing for thing in deniable if CLASS.get(thing) in classes),
    )
