"""The words of simple captions: nouns with what they are a kind of, colours, adjectives, verbs.

    "retriever>dog"        a retriever is a dog
    "soccer_ball>ball"     a name of two words
    "man/men"              a plural that no rule gives

To add a thing, add its word to the line of its class.
"""

NOUN_LINES = {
    "person": """
        person/people man/men>adult woman/women>adult boy>child girl adult>person child/children>person
        guy>man gentleman/gentlemen>man dude>man father>man dad>man grandfather>man groom>man
        policeman/policemen>man fisherman/fishermen>man businessman/businessmen>man cowboy>man
        cameraman/cameramen>man lady/ladies>woman mother>woman mom>woman bride>woman grandmother>woman
        ballerina>woman cheerleader kid>child toddler>child baby/babies>child infant>baby son>child
        daughter>girl brother>person sister>person male>person female>person teenager>person teen>person
        individual>person someone>person youth>person human>person friend>person couple>person
        family/families>person player athlete swimmer surfer skier skiier>skier snowboarder skateboarder
        skater rider biker cyclist bicyclist>cyclist motorcyclist climber hiker runner racer wrestler boxer
        dancer singer musician guitarist performer artist driver worker officer soldier photographer clown
        jockey goalie catcher pitcher batter batsman/batsmen referee rollerblader wakeboarder waterskier
        kayaker footballer gymnast diver backpacker jogger vendor chef cook>chef waiter student
        spectator>person onlooker>person pedestrian tourist parent>adult owner>person boarder
        motocross_rider>rider bmx_rider>cyclist dirt_biker>rider mountain_biker>cyclist
        mountain_climber>climber rock_climber>climber football_player>player soccer_player>player
        basketball_player>player baseball_player>player tennis_player>player hockey_player>player
        rugby_player>player volleyball_player>player lacrosse_player>player cricket_player>player
        opponent>player teammate>player santa>man
    """,
    "group": """
        group crowd team crew gang bunch audience pair band class others onlookers
    """,
    "animal": """
        animal dog cat horse cow bird sheep/sheep goat duck fish/fish monkey bear elephant camel deer/deer
        rabbit squirrel pig lion tiger giraffe butterfly/butterflies turtle frog llama kangaroo zebra
        bull calf/calves>cow puppy/puppies>dog pup>dog retriever>dog poodle>dog terrier>dog collie>dog
        greyhound>dog doberman>dog pitbull>dog dachshund>dog husky/huskies>dog labrador>dog lab>dog
        dalmatian>dog beagle>dog german_shepherd>dog golden_retriever>dog border_collie>dog
        sheepdog>dog bulldog>dog corgi>dog spaniel>dog boston_terrier>dog great_dane>dog bird_dog>dog
        guide_dog>dog sled_dog>dog pit_bull>dog sheep_dog>dog kitten>cat pony/ponies>horse seagull>bird
        pigeon>bird goose/geese>bird swan>bird flamingo>bird parrot>bird eagle>bird owl>bird chicken>bird
        lamb>sheep creature>animal pet>animal mammal>animal snake>animal whale>animal
        dolphin>animal
    """,
    "vehicle": """
        vehicle bicycle bike>bicycle motorcycle motorbike>motorcycle dirt_bike>motorcycle
        dirtbike>motorcycle mountain_bike>bicycle bmx_bike>bicycle car race_car>car suv>car jeep>car
        taxi>car truck van bus/buses train subway>train boat canoe>boat kayak>boat raft>boat rowboat>boat
        sailboat>boat speedboat>boat ship>boat motorboat>boat airplane plane>airplane jet>airplane
        helicopter scooter atv>vehicle four_wheeler>vehicle tractor snowmobile jet_ski wagon cart go_cart
        carriage sled sleigh>sled tricycle unicycle wheelchair stroller police_car>car shopping_cart>cart
        golf_cart>cart
    """,
    "wear": """
        shirt t-shirt/t-shirts>shirt tshirt>shirt tee_shirt>shirt polo>shirt jacket coat parka>coat sweater
        sweatshirt hoodie vest dress/dresses skirt suit tuxedo>suit uniform jersey costume outfit robe apron
        cape tutu hat cowboy_hat>hat straw_hat>hat cap>hat baseball_cap>cap beanie>hat helmet hardhat>helmet
        hard_hat>helmet mask crown headband bandanna bandana>bandanna scarf/scarves
        headscarf/headscarves>scarf glove tie bow_tie>tie bikini swimsuit bathing_suit>swimsuit wetsuit
        leotard life_jacket life_vest>life_jacket lifejacket>life_jacket shoe sneaker>shoe boot
        rain_boot>boot raincoat>coat rain_coat>coat sandal sock necklace bracelet
        backpack harness collar leash muzzle snowsuit overall jumpsuit kimono veil blazer>jacket
        tank_top>shirt dress_shirt>shirt sports_bra bathing_cap swim_cap>bathing_cap
    """,
    "wear_pair": """
        pants/pants trousers/trousers>pants jeans/jeans>pants shorts/shorts trunks/trunks
        swim_trunks/swim_trunks>trunks sunglasses/sunglasses>glasses glasses/glasses goggles/goggles
        overalls/overalls pajamas/pajamas tights/tights headphones/headphones earphones/earphones>headphones
        clothes/clothes flip-flops/flip-flops sweatpants/sweatpants>pants khakis/khakis>pants skis/skis
        rollerblades/rollerblades skates/skates ice_skates/ice_skates>skates
        inline_skates/inline_skates>rollerblades roller_skates/roller_skates>skates
        roller_blades/roller_blades>rollerblades
    """,
    "gear": """
        ball soccer_ball>ball tennis_ball>ball basketball>ball football>ball baseball>ball volleyball>ball
        beach_ball>ball rugby_ball>ball golf_ball>ball softball>ball frisbee disc>frisbee disk>frisbee toy
        stuffed_animal>toy doll>toy stick branch>stick log bone rope leash racket racquet>racket
        tennis_racket>racket tennis_racquet>racket bat baseball_bat>bat surfboard surf_board>surfboard
        skateboard snowboard snow_board>snowboard wakeboard boogie_board skate_board>skateboard kite balloon
        umbrella parasol>umbrella guitar drum violin accordion trumpet saxophone flute piano microphone
        camera video_camera>camera phone cellphone>phone cell_phone>phone cell>phone mobile_phone>phone
        laptop>computer computer book newspaper magazine>book sign flag banner bag handbag>bag purse>bag
        shopping_bag>bag plastic_bag>bag suitcase bucket pail>bucket basket bottle water_bottle>bottle
        beer>drink cup mug>cup glass drink coffee_cup>cup can bowl plate knife/knives fork spoon cigarette
        cigar>cigarette gun>weapon rifle>gun sword>weapon bow fishing_pole fishing_rod>fishing_pole paddle
        oar>paddle shovel broom hose sprinkler net hula_hoop hula-hoop>hula_hoop hoop hurdle trampoline
        swing swing_set>swing slide water_slide>slide seesaw ladder pole flower rose>flower tulip>flower
        candle lantern torch pumpkin leaf/leaves tire_swing>swing box map pillow blanket towel rug
        carpet>rug mat tube innertube>tube inner_tube>tube parachute snowball bubble megaphone
        bullhorn>megaphone television tv>television paintbrush pencil pen tripod hockey_stick lacrosse_stick
        puck goal punching_bag barrel tire wheel puppet newspaper tricycle toy_car>toy toy_truck>toy
        teddy_bear>toy snow_shovel>shovel ski_pole tray telescope binoculars/binoculars
    """,
    "food": """
        food cake ice_cream popsicle sandwich pizza hotdog>food hot_dog>food apple banana fruit
        bread cookie candy/candy lollipop>candy snack>food meal>food dinner>food lunch>food watermelon corn
        spaghetti>pasta pasta egg coffee soda>drink beverage>drink wine>drink juice>drink milk popcorn
        cotton_candy cupcake>cake vegetable carrot
    """,
    "furniture": """
        table picnic_table>table desk>table chair lawn_chair>chair armchair>chair folding_chair>chair bench
        park_bench>bench couch sofa>couch bed stool seat hammock crib bathtub bath>bathtub tub>bathtub sink
        window door doorway>door mirror shelf/shelves lamp counter bookshelf/bookshelves>shelf refrigerator
        oven stove fireplace curtain stair>stairs stairs/stairs step>stairs staircase>stairs stairway>stairs
        escalator ceiling cushion>pillow high_chair>chair highchair>chair rocking_chair>chair
    """,
    "place": """
        beach shore>beach shoreline>beach seashore>beach ocean sea>ocean lake river pond stream creek>stream
        pool swimming_pool>pool kiddie_pool>pool water waterfall fountain puddle waves/waves wave field
        meadow>field grass lawn>grass yard backyard>yard front_yard>yard garden park playground forest
        woods/woods>forest jungle>forest mountain mountainside>mountain mountaintop>mountain hill
        hillside>hill slope cliff canyon desert dune sand snow snowbank>snow ice mud dirt rock boulder>rock
        cave valley street road highway>road path trail>path sidewalk walkway>path driveway alley crosswalk
        intersection bridge tunnel city town village parking_lot lot square plaza>square courtyard patio
        porch deck balcony dock pier>dock building house home barn hut church castle tower store shop>store
        supermarket>store market mall restaurant cafe>restaurant bar kitchen bedroom bathroom
        living_room>room room hallway office library classroom museum gym gymnasium>gym church stadium
        arena>stadium court tennis_court>court basketball_court>court track racetrack>track race_track>track
        dirt_track>track ramp skate_park skateboard_park>skate_park skatepark>skate_park rink ice_rink>rink
        ring stage track course floor ground wall brick_wall>wall rock_wall>wall stone_wall>wall
        climbing_wall>wall fence chain_link_fence>fence railing rail>railing handrail>railing platform ledge
        edge bank station train_station>station subway_station>station bus_stop airport farm zoo fair
        carnival>fair amusement_park>fair roller_coaster ferris_wheel carousel tent statue sculpture>statue
        tree bush/bushes plant sky cloud sun sunset fire campfire>fire smoke rainbow football_field>field
        soccer_field>field baseball_field>field sandbox bleachers/bleachers jungle_gym playhouse>house
        cabin>house log_cabin>house doghouse pavement concrete gravel graffiti trash_can
        garbage_can>trash_can trashcan>trash_can mailbox traffic_light>light light billboard>sign
        fire_hydrant>hydrant hydrant half_pipe>ramp halfpipe>ramp skate_ramp>ramp skateboard_ramp>ramp
        ski_slope>slope ski_lift rapids/rapids snow_bank>snow dance_floor>floor living_room_floor>floor hay
        haystack>hay crib area body_of_water>water
    """,
    "part": """
        head face mouth hand arm leg foot/feet eye ear nose hair tail back neck shoulder finger tooth/teeth
        tongue lap beard moustache>mustache mustache mohawk ponytail tattoo paw wing body chest stomach
        cheek fur knee
    """,
    "other": """
        air front side top middle bottom background foreground camera picture photo photograph day night
        morning distance game race trick jump event parade party/parties wedding concert performance
        competition match/matches shade shadow rain fog wind object something thing item other another one
        line row piece lot number type way flight action show job time motion sunlight sport music rest walk
        run ride swim dance lesson costume_party equipment gear clothing attire luggage makeup paint life
        view
    """,
}

MASS = frozenset(
    """
    water grass snow sand ice mud dirt food hair bread coffee fruit hay smoke fire fur graffiti corn pasta
    milk popcorn candy clothing equipment gear attire luggage makeup paint rain fog wind sunlight music
    pavement concrete gravel ice_cream cotton_candy
""".split()
)
NUMBERS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten".split())}
NUMBER_WORDS = ("none", *list(NUMBERS)[1:])
NUMBERS |= {str(n): n for n in range(1, 11)}
COLOURS = {
    c: c
    for c in """
    black white brown red blue green yellow orange pink purple grey tan beige gold silver maroon teal
""".split()
}
COLOURS |= {
    "gray": "grey",
    "golden": "golden",
    "navy": "blue",
    "blond": "blond",
    "blonde": "blond",
    "turquoise": "turquoise",
}
COLOURS |= {"reddish": "red", "violet": "purple", "cream": "beige", "khaki": "khaki", "lavender": "purple"}
SHADES = frozenset("light dark bright pale deep neon hot sky lime navy royal".split())
ALIKE = [  # colours that one person calls this and another that
    set(colours.split())
    for colours in """brown tan beige golden gold blond khaki|brown red orange maroon|brown black|brown grey
    yellow golden gold blond tan beige|yellow orange gold|yellow green|red orange pink maroon|pink purple red
    white beige silver grey blond|white tan|grey silver black|grey blue|black blue|blue purple
    blue teal turquoise|green teal turquoise khaki|green blue""".replace("\n", "|").split("|")
]
YOUNG = frozenset("young little small toddler younger youthful".split())
OLD = frozenset("old older elderly aged".split())
ADJECTIVES = frozenset(
    """
    young adult little small large big tall short old older elderly long furry fluffy shaggy wet dry dirty
    muddy happy smiling laughing skinny thin fat lean asian african american indian japanese chinese german
    oriental european bald bearded blond-haired dark light bright colorful colourful striped plaid spotted
    checkered floral flowered multicolored multi-colored wooden metal plastic stone brick concrete cement
    rubber inflatable leather denim straw glass paper cardboard grassy sandy rocky snowy icy muddy dusty
    wooded shallow deep calm rough steep high low narrow wide open empty busy crowded public indoor outdoor
    urban rural green-grass professional male female teenage shirtless topless barefoot naked haired colored
    dressed patterned hooded uniformed helmeted masked painted decorated stuffed fallen dead huge giant tiny
    miniature medium medium-sized sized larger smaller lone single different various several many few some
    other another fancy formal casual traditional matching similar identical bright brightly very swimming
    bathing tight loose heavy strange funny silly cute beautiful pretty nice new clear cloudy sunny foggy
    frozen black-and-white red-and-white tan-colored light-colored dark-colored young-looking dirt soccer
    football baseball basketball tennis hockey rugby athletic martial protective winter summer autumn fall
    hot cold curly red-haired blond-haired dark-haired middle-aged long-haired short-haired brown-haired
    blonde-haired white-haired gray-haired red-headed redheaded brunette floppy pointy american-football
    military police business toy knit knitted woolen wool fuzzy pleated sleeveless race racing running
    sports sport skateboard ski bike bicycle boxing hiking climbing riding golf fishing
""".split()
)
DETERMINERS = frozenset(
    """
    a an the his her its their this that these those another some several many few each both my
""".split()
)
POSSESSIVES = frozenset("his her its their my our".split())
GROUP_WORDS = frozenset(
    """
    people group crowd team crew gang bunch audience pair band others onlookers spectators family couple
    friends everyone they them players parents fans teams kids class everybody staff public onlooker
    spectator bystanders another each members passengers together someone opponent teammate opposing other
    persons parade protest game
""".split()
)
PREPOSITIONS = (  # the longest first
    "in front of|on top of|next to|in the middle of|on the side of|at the edge of|on the edge of|inside of|"
    "out of|in|on|at|near|under|underneath|beneath|beside|behind|by|above|below|inside|outside|between|among|"
    "through|across|along|over|down|up|around|into|onto|toward|towards|against|past|from|off|with|of|to|for|"
    "during|after|atop|alongside|amongst"
)
VERBS = """
    run walk jump stand sit ride play hold carry look watch wear climb swim lie lay lean smile pose leap
    chase catch throw kick hit swing slide skate skateboard snowboard ski surf dance sing talk eat drink
    read sleep rest work perform race fly fall dig bite chew lick sniff fetch retrieve wrestle fight hug
    kiss push pull drive paddle row fish hike jog cycle bike crawl kneel crouch squat bend stretch reach
    point wave clap laugh cry yell scream shout splash wade dive float sail kayak canoe wakeboard waterski
    parasail rollerblade roll spin flip balance hang swing bounce juggle toss dribble bat pitch tackle punch
    box shoot aim paint draw write type cook cut wash clean sweep shovel build make take photograph gather
    sled tumble trot gallop bark shake roam wander explore cross enter exit approach follow lead herd feed
    pet groom brush comb blow smoke sip pour serve sell buy shop speak listen whisper march parade celebrate
    cheer compete practice train prepare wait stare gaze peek hide lounge relax sunbathe nap snuggle cuddle
    grind attempt try do get go come move travel head cling grab touch pick put set drop lift raise wheel
    tow drag scale descend ascend emerge snorkel somersault cartwheel handstand stroll skip hop sprint dash
    race scoot pedal steer operate repair fix inspect examine study use open close show display squirt spray
    soak bathe bowl golf hurdle land soar glide float hover frolic romp bound lunge pounce growl snarl bare
    stick poke tug nuzzle rub scratch dress undress decorate light blow knit sew tie strap pack load unload
    haul hammer saw rake plant pray meditate gesture motion signal salute greet shake give receive hand pass
    share tease tickle
""".split()
DOUBLED = frozenset(
    """
    run sit swim hit cut dig get put set jog grab hug drop pet bat stop spin flip strap step skip hop chop
    shop squat tug rub trot clap nap wag sip slip knit plan drag
""".split()
)
IRREGULAR_ING = {"lie": "lying", "tie": "tying", "ski": "skiing", "die": "dying", "canoe": "canoeing"}
