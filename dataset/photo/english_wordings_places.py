"""Wordings about where things are, about places, weather and the whole photo."""

from dataset.photo.english_talk import lines

PLACES = {
    "is_at": lines(
        """{is} {the} {x}
        {is} {the} {x}
        [{is}] <{the}> {x}
        [{is}] <{the}> {x}
        [{is}] <{the}> {x} in the photo
        would you say {the} {is} {x}
        {the} {is} {x}
        so {the} {is} {x}
        can {the} be seen {x}
        do you see {the} {x}
        {the}: {x}, yes or no
        {is} {it} {x}, {the}"""
    ),
    "where": lines(
        """where {is} {the}
        where {is} {the}
        where [{is}] <{the}>
        where [{is}] <{the}>
        where [{is}] <{the}> in the picture
        where in the photo {is} {the}
        where exactly {is} {the}
        whereabouts {is} {the}
        where can i find {the}
        where do you see {the}
        {the}, where {is} {it}
        {the} {is} where
        tell me where {the} {is}
        say where {the} {is}
        where can {the} be seen
        in what place {is} {the}
        what {is} {the} on or in
        where would i look for {the}
        position of {the}?
        where's the {thing} located
        where {is} {the} located"""
    ),
    "where_choice": lines(
        """{is} {the} {one} or {other}
        [{is}] <{the}> {one} or {other}
        {the}: {one} or {other}
        where {is} {the}, {one} or {other}
        {is} {it} {one} or {other}
        {one} or {other}, where {is} {the}"""
    ),
    "what_at": lines(
        """what {is} {x}
        what <is {x}>
        what <is {x}>
        what can be seen {x}
        what do you see {x}
        what [is] <there> {x}
        what stands {x}
        which thing {is} {x}
        tell me what is {x}
        say what is {x}
        who or what is {x}"""
    ),
    "season": lines(
        """what season [is] <it>
        which season [is] <it>
        what time of year [is] <it>
        season?
        what season [is] <this>
        in which season was this taken
        what season could it be
        guess the season
        which season is shown
        what season does it look like
        name the season"""
    ),
    "season_choice": lines(
        """[is] <it> {one} or {other}
        is it {one} or {other} there
        {one} or {other}
        what season is it, {one} or {other}
        does it look like {one} or {other}
        was this taken in {one} or {other}"""
    ),
    "is_time": lines(
        """[is] <it> {x}
        is it {x}time
        is it {x} there
        was it taken by {x}
        was this photo taken at {x}time
        it is {x}
        does it look like {x}
        is it {x} in the picture"""
    ),
    "weather": lines(
        """what's the weather like
        what [is] <the weather> like
        how [is] <the weather>
        weather?
        what kind of weather [is] <it>
        what weather do we have
        describe the weather
        what [is] <the weather>
        how's the weather in the photo
        tell me about the weather
        what sort of weather [is] <this>"""
    ),
    "is_weather": lines(
        """[is] <it> {x}
        [is] <it> {x}
        is it {x} there
        is it {x} in the photo
        is it {x} in this picture
        does it look {x}
        it is {x}
        would you say it is {x}
        {x}, yes or no"""
    ),
    "day_night": lines(
        """[is] <it> day or night
        [is] <it> night or day
        is it daytime or nighttime
        day or night
        was this taken by day or at night
        was this taken at night or by day
        what time of day [is] <it>
        what time of day [is] <it> roughly
        is it dark or light outside
        time of day?"""
    ),
    "place": lines(
        """where was this taken
        where was this photo taken
        where was the picture taken
        where [is] <this>
        where are we
        where does this take place
        what place [is] <this>
        what kind of place [is] <it>
        what kind of place [is] <this>
        what sort of place [is] <that>
        what [is] <the setting>
        what [is] <the location>
        location?
        place?
        where [is] <this> happening
        where are they
        describe the place
        name the place
        what scene [is] <this>
        what kind of scene [is] <it>
        in what kind of place was this taken
        tell me where this is
        where do you think this was taken
        what surroundings do you see"""
    ),
    "in_out": lines(
        """indoors or outdoors
        inside or outside
        outdoors or indoors
        outside or inside
        [is] <it> indoors or outdoors
        [is] <it> outdoors or indoors
        [is] <this> inside or outside
        is it outside or inside
        was this taken indoors or outdoors
        was the photo taken outside or inside
        are we indoors or outdoors
        is the scene indoors or outdoors
        is this an indoor or an outdoor photo
        is it an outdoor or an indoor scene"""
    ),
    "is_place": lines(
        """[is] <this> {x}
        [is] <it> {x}
        is that {x}
        was this taken {x}
        was the photo taken {x}
        {x}
        are we {x}
        is the scene {x}
        it is {x}
        is this picture {x}
        does it look like it was taken {x}
        [is] <this photo> taken {x}"""
    ),
    "place_choice": lines(
        """is this {one} or {other}
        was this taken {one} or {other}
        {one} or {other}
        where is it, {one} or {other}
        are we {one} or {other}
        is it {one} or {other}
        was the picture taken {one} or {other}"""
    ),
    "city_country": lines(
        """is this a city or the countryside
        is it in the city or in the countryside
        city or countryside
        countryside or city
        is this the countryside or a city
        in a city or in nature
        is it urban or rural"""
    ),
    "caption": lines(
        """what's in this pic
        what <is in this picture>
        what <is in the photo>
        describe the photo
        describe the picture
        describe this image
        describe it
        describe what you see
        what [do] <you> see
        what do you see here
        what can you see
        what can be seen
        what does the picture show
        what does the photo show
        what [is] <this>
        what [is] <it> a picture of
        what [is] <this> a photo of
        caption this
        caption this photo
        write a caption
        write a caption for the photo
        give me a caption
        give a short description
        say in one sentence what you see
        tell me about the picture
        tell me what you see
        explain this picture
        summarise the photo
        summarize this picture in one sentence
        what am i looking at
        what are we seeing here
        i can't see, what is in the photo
        could you describe the photo for me
        can you describe this picture
        please describe the image
        what's this picture about
        what <is shown> in the image
        one sentence about this photo please
        tell me everything you see
        what is on the picture"""
    ),
}
