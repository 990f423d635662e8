"""Places, weather and deeds that captions give away by a word, and what leaves each of them open.

A row: how it is said | words that show it | words which leave it open, so that it is neither told nor denied.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dataset.photo.english_absent import forms, rows
from dataset.photo.english_balance import Case


@dataclass(frozen=True)
class Sign:
    said: str
    shown_by: frozenset[str]
    left_open_by: frozenset[str]


def signs(text: str) -> dict[str, Sign]:
    found = {}
    for line in rows(text):
        said, shown, left_open = (part.strip() for part in line.split("|"))
        found[said] = Sign(said, forms(shown), forms(left_open))
    return found


PLACES = signs(
    """on the beach | beach shore seashore shoreline | sand ocean sea coast water wave surf sandy lake island
    + surfer surfboard bikini
    in the mountains | mountain mountains mountainous mountaintop mountainside | hill hills hillside cliff
    + rock rocks peak valley slope climb climber hike hiking snow ski skier snowboard ridge canyon trail
    + landscape terrain boulder
    in the forest | forest woods wooded jungle | tree trees trail path park hill leaves mountain log bush
    + river
    on a street | street road sidewalk crosswalk | city town car cars traffic building buildings bike path
    + store shop market parade downtown pavement curb walkway crowd outside race alley driveway truck bus
    + vehicle marathon walking
    in a park | park playground | grass field yard garden lawn tree trees bench outside path play swing slide
    + fountain skate frisbee
    in a swimming pool | pool | water swim swimming splash bathing tub fountain dive
    in the snow | snow snowy ski skiing skier snowboard snowboarder sled sledding snowboarding | winter ice
    + icy mountain slope white cold
    in a kitchen | kitchen | cook cooking food oven stove sink counter restaurant refrigerator house home
    + table indoors inside room
    in a restaurant | restaurant cafe | table eat food bar drink indoors inside kitchen waiter chair room
    + coffee
    in a stadium | stadium arena | crowd game player football soccer baseball field team court race track
    + basketball player match hockey uniform
    on a playground | playground | slide swing park structure bars children jungle climbing play toy kids
    + trampoline
    in a field | field meadow | grass grassy park yard lawn outside hill garden farm game soccer football
    + baseball player track horse
    on the water | boat canoe kayak raft surfer surfing sailing wakeboard waterskiing rapids
    + | water river beach pool wave stream shore dock ocean sea lake
    at the sea | ocean sea seaside | water beach pool wave shore dock surf boat island coast lake
    at a lake | lake pond | water river stream shore dock boat sea ocean beach
    at a river | river stream creek rapids | water lake pond sea ocean beach boat shore bank kayak bridge
    in a garden | garden | grass house park outside fence flowers play field patio porch yard backyard lawn
    + tree plants
    in a yard | yard backyard lawn | grass house park outside fence flowers play field patio porch garden tree
    in a desert | desert dunes | sand sandy dune dirt beach
    in a station | station subway | train bus platform passengers escalator
    on a stage | stage onstage | perform concert band dance performing music guitar microphone singing dancing
    + show
    in a shop | store shop market supermarket mall | street food city buy vendor indoors inside
    in an office | office | desk computer room indoors inside
    in a living room | couch sofa living | room indoors inside house home carpet floor bed chair
    in a bedroom | bed bedroom | room indoors inside house home pillow blanket
    at a race track | track racetrack | race dirt racing course car motorcycle bike runner field
    at a skate park | skatepark | skate skateboard ramp skateboarder rollerblades rail bmx trick park"""
)
OUTDOORS = forms(
    """beach ocean sea lake river stream creek mountain hill hillside field meadow grass lawn yard backyard
        park forest woods street road
 sidewalk snow snowy desert trail playground cliff sand puddle outside outdoors outdoor sunny sky tree trees
    waves surfing surfer
 skier skiing snowboarder shore pond grassy dirt mud canoe kayak waterfall crosswalk motocross dunes pier"""
)
INDOORS = forms(
    """indoors indoor kitchen couch sofa bed bathroom restaurant bedroom bathtub gym gymnasium office living
    carpet classroom arcade"""
)
CITY = forms("city street sidewalk building buildings traffic downtown urban crosswalk store taxi subway")
COUNTRY = forms(
    "countryside rural forest woods mountain meadow farm canyon desert cliff wilderness hiking hiker"
)
SEASONS = {
    "winter": forms("winter snow snowy snowball sled ski skier skiing snowboard snowboarder snowsuit"),
    "autumn": frozenset(["autumn"]),
    "summer": forms("summer bikini sprinkler swimsuit kiddie swimmer") | {"pool"},
}
NIGHT = frozenset(
    """night nighttime dark evening dusk sunset lit lights fireworks dawn sunrise silhouette silhouetted
    neon""".split()
)
DAY = forms("sunny sunlight daytime grass beach grassy lawn") | {"sunshine", "daylight"}
WEATHER = signs(
    """sunny | sunny sunshine sunlight | outside sky day shadow sun bright beach water field grass summer warm
    + snow
    raining | rain raining rainstorm rainy | umbrella wet water puddle cloudy storm mud cloud raincoat
    snowing | snowing snowstorm blizzard snowfall | snow snowy winter white ski
    cloudy | cloudy clouds overcast cloud | sky rain outside storm fog
    foggy | fog foggy mist misty | smoke cloud steam
    cold | snow snowy snowball icy ski skiing skier snowboard snowboarder sled snowsuit | winter coat jacket
    + ice scarf cold gloves rain hoodie sweater
    warm | bikini shirtless sunny sprinkler swimsuit topless summer pool | beach shorts water sun t-shirt swim
    + swimming splash outside
    windy | windy kite wind | blowing sail wave beach flag"""
)
DENIED_BY = {  # a weather is denied only beside a word that rules it out
    "sunny": NIGHT | forms("rain raining foggy fog snowing snowstorm overcast") | INDOORS,
    "raining": forms("sunny sunlight snow snowy sunset ski") | INDOORS,
    "snowing": forms("bikini pool summer beach surf swimsuit sprinkler shirtless sunny green grassy")
    | INDOORS,
    "cloudy": forms("sunny") | INDOORS,
    "foggy": forms("sunny clear"),
    "cold": forms("bikini shirtless sprinkler swimsuit topless summer beach pool"),
    "warm": forms("snow snowy ski skier skiing snowboard snowboarder sled"),
    "windy": INDOORS,
}
DEEDS = signs(
    """running | run running runs sprint jog | chase race play walk jump fetch game catch sprint leap soccer
    + football dash trot move bound ball
    walking | walk walking walks stroll hike | run stand street move trot hike go cross march lead climb wade
    + step path follow chase
    jumping | jump jumping jumps leap leaping leaps | air flip trick bounce dive hurdle skate catch fly play
    + trampoline dance climb ski
    sitting | sit sitting sits seated | ride drive chair bench couch seat swing sled boat kayak rest lounge
    + stand row pose lie crouch kneel squat bike canoe raft
    standing | stand standing stands | pose wait look hold walk watch smile lean play talk face
    sleeping | sleep sleeping asleep nap | lie rest lay bed eyes blanket lounge laying
    swimming | swim swimming swims | water pool wade lake ocean river splash dive float sea pond wet wave surf
    + stream
    eating | eat eating eats | food bite mouth chew lick restaurant table meal cook lunch dinner snack drink
    drinking | drink drinking drinks | bottle cup beer glass water bar restaurant mouth table soda coffee
    + fountain
    reading | read reading reads | book newspaper magazine map look paper sign
    dancing | dance dancing dances dancer | perform stage music party costume ballerina spin concert crowd
    + show performance
    singing | sing singing sings singer | perform stage music band microphone concert mouth guitar
    climbing | climb climbing climbs climber | rock mountain cliff hill stairs ladder rope playground tree
    + wall hike hang steps structure fence
    riding a bicycle | bicycle cyclist bicyclist bmx | bike rider ride biker cycle motorcycle trail ramp race
    + wheel dirt
    riding a horse | horseback jockey | horse rider ride rodeo cowboy polo bull pony mule
    skateboarding | skateboard skateboarder skateboarding | skate ramp board trick rail
    surfing | surf surfing surfer surfboard | wave ocean board water wakeboard sea
    skiing | ski skiing skier skis | snow slope mountain snowboard hill water
    playing football | football | soccer ball game player team field sport uniform jersey goal rugby
    playing tennis | racket racquet | tennis ball court game
    playing the guitar | guitar guitarist | music instrument band play stage perform concert microphone
    swinging | swing swinging swings | rope playground park hang tire bat racket
    fishing | fishing fisherman | fish water boat lake river pier net ocean dock pole shore
    smiling | smile smiling smiles grin grinning grins laughing laughs |
    crying | crying cries |"""
)
NO_SMILE = {
    "smiling": frozenset(
        "crying cries sad frowning frowns angry yelling screaming asleep sleeping upset growling".split()
    ),
    "crying": frozenset(
        "smile smiling smiles laughing laughs happy happily grin grinning playing dancing posing".split()
    ),
}


def shown_by(sign: Sign, words: set[str]) -> bool:
    return bool(sign.shown_by & words)


def signs_case(
    table: Mapping[str, Sign], words: set[str], denied_by: Mapping[str, frozenset[str]] | None = None
) -> Case:
    """The signs that a photo's words show, and those they rule out or at least do not leave open."""

    def deniable(name: str, sign: Sign) -> bool:
        if words & sign.shown_by:
            return False
        if denied_by and name in denied_by:
            return bool(denied_by[name] & words)
        return not words & sign.left_open_by

    return Case(
        tuple(name for name, sign in table.items() if sign.shown_by & words),
        tuple(name for name, sign in table.items() if deniable(name, sign)),
    )
