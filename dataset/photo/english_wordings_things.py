"""Wordings about things: what they are, their colour, whether they are there, how many."""

from dataset.photo.english_talk import lines

THINGS = {
    "name_animal": lines(
        """what animal [is] <this>
        what animal [is] <it>
        which animal [is] <this>
        which animal [do] <you> see
        what kind of animal [is] <this>
        what kind of animal [is] <it>
        what sort of animal [is] <that>
        what animal [is] <there> in the photo
        what animal <is in the picture>
        name the animal
        name the animal in the picture
        animal?
        what's the animal
        what animal [do] <you> see
        what animal <is shown>
        which animal can be seen here
        tell me what animal this is
        identify the animal
        what pet [is] <this>
        this is what animal
        what creature [is] <that>
        is there an animal, and if so which one
        the animal in the photo is what"""
    ),
    "name_animals": lines(
        """what animals [are] <these>
        what animals [are] <they>
        what animals [are] <those>
        which animals [do] <you> see
        what kind of animals [are] <these>
        what animals [are] <there> in the photo
        what animals <are in the picture>
        name the animals
        animals?
        what are the animals
        what creatures [are] <these>
        tell me what animals these are"""
    ),
    "name_vehicles": lines(
        """what vehicles [are] <these>
        which vehicles [do] <you> see
        what kind of vehicles [are] <they>
        what vehicles <are in the photo>
        name the vehicles
        what vehicles [are] <there>"""
    ),
    "is_this": lines(
        """[is] <this> {a}
        [is] <this> {a}
        [is] <that> {a}
        [is] <it> {a}
        is it {a} that we see
        is what i see {a}
        this is {a}
        is that {a} in the picture
        it's {a}
        would you call it {a}"""
    ),
    "are_these": lines(
        """[are] <these> {a}
        [are] <these> {a}
        [are] <those> {a}
        [are] <they> {a}
        these are {a}
        are those {a} in the picture
        would you call them {a}"""
    ),
    "name_kind": lines(
        """what kind of {thing} [is] <it>
        what kind of {thing} [is] <this>
        what kind of {thing} [is] <that>
        which kind of {thing} [is] <this>
        what sort of {thing} [is] <it>
        what type of {thing} [is] <it>
        what type of {thing} do you see
        {thing}: what kind
        what kind of {thing} is there
        can you name the kind of {thing}"""
    ),
    "name_all": lines(
        """what things [do] <you> see
        what objects <are in the picture>
        what things [are] <there> in the photo
        name the things in the picture
        name a few things you see
        list what is in the photo
        list the things in the picture
        which things can be seen
        what all is in the photo
        tell me what things you can see"""
    ),
    "name_vehicle": lines(
        """what vehicle [is] <this>
        what kind of vehicle [is] <it>
        which vehicle [do] <you> see
        what vehicle [is] <there>
        name the vehicle
        what type of vehicle [is] <this>
        what vehicle <is in the photo>
        vehicle?
        what sort of vehicle [is] <that>
        what means of transport [is] <shown>
        which vehicle can be seen here
        identify the vehicle
        what vehicle [do] <you> see in the picture"""
    ),
    "name_sport": lines(
        """what sport [is] <this>
        which sport [is] <it>
        what sport <is being played>
        what sport [are] <they> doing
        what kind of sport [is] <this>
        name the sport
        sport?
        what sport <is shown> here
        which sport [do] <you> see
        what sport <is in the picture>
        what game or sport [is] <this>
        what activity [is] <this>
        tell me the sport"""
    ),
    "name_background": lines(
        """what <is in the background>
        what [is] <there> in the background
        what [do] <you> see in the background
        what can be seen in the background
        what's behind them, in the background
        background?
        tell me what is in the background
        what does the background show
        name something in the background
        and in the background"""
    ),
    "name_object": lines(
        """what {is} {the} {x}
        what [{is}] <{the}> {x}
        what [{is}] <{the}> {x}
        what [{is}] <{he}> {x}
        what [{is}] <{he}> {x} in the photo
        what [{is}] <{the}> {x} in this picture
        what [{is}] <{he}> {x} there
        {the} is {x} what
        say what {the} {is} {x}
        tell me what {the} {is} {x}
        what exactly [{is}] <{the}> {x}
        what thing [{is}] <{the}> {x}"""
    ),
    "name_hand": lines(
        """what <is in {his} hand>
        what <is in {his} hand>
        what <is in {his} hands>
        what's in {the}'s hand
        what's that in {his} hand
        what does {the} have in {his} hand
        what does {he} have in {his} hands
        what [has] <{he}> got in {his} hand
        what [is] <the thing> in {his} hand
        what {is} {the} holding in {his} hands
        name the thing in {his} hand
        tell me what {the} has in {his} hands"""
    ),
    "name_mouth": lines(
        """what [is] <{the}> carrying in its mouth
        what [is] <{the}> holding in its mouth
        what does {the} have in its mouth
        what [has] <{the}> got in its mouth
        what <is in {the}'s mouth>
        what's in its mouth
        what <is in its mouth>
        what [is] <the thing> in {the}'s mouth
        tell me what {the} has in its mouth
        what [is] <{the}> carrying"""
    ),
    "colour": lines(
        """what colour {is} {the}
        what colour [{is}] <{the}>
        what colour [{is}] <{the}>
        what colour [{is}] <{the}> in the picture
        which colour [{is}] <{the}>
        what [is] <the colour of {the}>
        what [is] <the colour of {the}> in this photo
        {thing} colour?
        colour of {the}?
        colour of the {thing} please
        {the}'s colour?
        {the}, what colour [{is}] <{it}>
        tell me the colour of {the}
        what colour would you say {the} {is}
        what color does {the} have
        name the colour of {the}
        name the colour of {the}
        give me the colour of {the}
        say what colour {the} {is}
        {the} {is} what colour
        what colors [do] <you> see on {the}
        and what colour {is} {the}
        i need the colour of {the}, what is it
        of what colour [{is}] <{the}>
        how would you call the colour of {the}
        what color {is} {the} here
        which color has {the}
        what colour do we see on {the}"""
    ),
    "colour_choice": lines(
        """{is} {the} {one} or {other}
        [{is}] <{the}> {one} or {other}
        {one} or {other} {thing}
        {the}: {one} or {other}
        what colour {is} {the}, {one} or {other}
        {is} the {thing} {one}, or {is} {it} {other}
        which colour {is} {the}, {one} or {other}
        {the} {is} {one} or {other}
        would you call {the} {one} or {other}
        is the colour of {the} {one} or {other}"""
    ),
    "attribute": lines(
        """{is} {the} {x}
        [{is}] <{the}> {x}
        [{is}] <{the}> {x} in the photo
        {is} the {thing} here {x}
        would you say {the} {is} {x}
        {is} {the} {x} in this picture
        {the} here: {x} or not
        so {the} {is} {x}
        {the} {is} {x}"""
    ),
    "existence": lines(
        """[is] <there> {a}
        [is] <there> {a}
        [is] <there> {a} in the picture
        [is] <there> {a} in this photo
        [is] <there> {a} here
        is there any {thing}
        are there any {many}
        are there any {many} in it
        are there {many} in the image
        any {many}
        any {many} in it
        any {thing} here
        any {many} in the photo
        [do] <you> see {a}
        [do] <you> see any {many}
        do you see {a} anywhere
        do you notice {a}
        can you see {a}
        can you see any {many}
        can you spot {a}
        can i see {a} in this picture
        [does] <the picture> show {a}
        does the photo show {a}
        does this image contain {a}
        is {a} in the picture
        is {a} visible
        is {a} in this photo
        has the picture {a}
        {a}, yes or no
        {thing}, yes or no
        there is {a} in it, or not
        [is] <{a}> to be seen
        are any {many} visible"""
    ),
    "existence_people": lines(
        """[is] <there> a person
        is there a person in the picture
        is anybody there
        is anyone in the photo
        anybody in it
        anyone here
        do you see a person
        do you see anybody
        can you see anyone
        is there someone
        is there a human in this picture
        any humans
        any person
        are there any persons visible
        does the photo show anybody"""
    ),
    "existence_mass": lines(
        """[{be}] <there> {a}
        [{be}] <there> {a} in the picture
        [{be}] <there> any {a}
        {be} there any {a} here
        any {a}
        any {a} in it
        any {a} here
        do you see {a}
        [do] <you> see any {a}
        can you see any {a}
        can you see {a} in the photo
        can you spot any {a}
        does the picture show {a}
        does the photo show any {a}
        {be} {a} visible
        {be} there {a} or not
        {a}, yes or no"""
    ),
    "existence_choice": lines(
        """is there {one} or {other}
        is it {one} or {other}
        [is] <it> {one} or {other}
        [is] <this> {one} or {other}
        do you see {one} or {other}
        what is it, {one} or {other}
        {one} or {other}
        which is in the picture, {one} or {other}
        does the photo show {one} or {other}
        is that {one} or {other}"""
    ),
    "no_such": lines(
        """no {many} here, correct
        no {many} here, right
        there are no {many}, right
        there are no {many} in the picture, correct
        there isn't {a}, right
        so no {many} in it"""
    ),
    "no_such_mass": lines(
        """no {a} here, correct
        no {a} here, right
        there {be} no {a}, right
        there {be} no {a} in the picture, correct
        so no {a} in it"""
    ),
    "count": lines(
        """how many {many} [are] <there>
        how many {many} [are] <there>
        how many {many} [are] <there> in the picture
        how many {many} [are] <there> in this photo
        how many {many} [do] <you> see
        how many {many} can you see
        how many {many} can be seen
        how many {many}
        how many {many} in it
        how many {many} are visible
        how many {many} does the photo show
        number of {many}?
        what [is] <the number of {many}>
        count the {many}
        count the {many} for me
        count {many}
        give me the number of {many}
        tell me how many {many} there are
        {many}: how many
        how much {many} are there
        the photo shows how many {many}"""
    ),
    "is_count": lines(
        """{be} there {x}
        [{be}] <there> {x}
        [{be}] <there> {x} in the photo
        do you see {x}
        there {be} {x}
        does the photo show {x}
        can you count {x}
        {be} {x} in the picture"""
    ),
    "one_of_two": lines(
        """what colour [is] <one of the {many}>
        what colour is the first {thing}
        which colour does one {thing} have
        one {thing} is what colour
        tell me the colour of one of the {many}"""
    ),
    "tag": lines(
        """{s}, right
        {s}, right
        {s}, correct
        {s}, yes or no
        {s}, is that right
        {s}, is that correct
        {s}, no
        {s}, yes
        {s}, is that so
        is it true that {s}
        am i right that {s}
        is it correct that {s}
        i think {s}, am i right
        would you agree that {s}
        i'd say {s}, ok
        can you confirm that {s}"""
    ),
    "true_false": lines(
        """{s}, true or false
        {s}. true or false
        true or false: {s}.
        true or false, {s}
        {s}: true or false
        {s}: true or not true"""
    ),
}
