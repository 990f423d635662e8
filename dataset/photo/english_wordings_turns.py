"""Wordings of what a photo cannot answer, and of short questions that lean on a turn before."""

from dataset.photo.english_talk import lines

TURNS = {
    "unknowable_person": lines(
        """what [is] <{the}'s name>
        what's {his} name
        what is {the} called
        who is {he}, by name
        name of {the}?
        what [is] <{the}> thinking
        what [is] <{he}> thinking about
        what is {he} thinking right now
        where does {the} live
        where does {he} come from
        what country [is] <{the}> from
        what language does {the} speak
        what does {the} do for a living
        what job does {he} have
        how much does {the} earn
        is {the} married
        does {the} have any children
        what's {his} phone number
        what [is] <{his} address>
        what [is] <{his} birthday>
        when was {the} born
        how old exactly is {the}
        what did {the} eat for breakfast
        what will {the} do tomorrow
        what did {the} do yesterday
        what [is] <{his} favourite colour>
        what is {his} favourite food
        what did {the} just say
        how much does {the} weigh
        how tall exactly [is] <{the}>
        what's {his} last name
        what does {the} like best
        who are {his} parents
        where did {the} buy {his} clothes
        what school did {the} go to
        what [is] <the man's surname>
        what music does {the} like
        what is {the} going to have for dinner
        what does {he} believe in"""
    ),
    "unknowable_animal": lines(
        """what [is] <{the}'s name>
        what is {the} called
        what's its name
        who owns {the}
        who does {the} belong to
        how much did {the} cost
        how old exactly [is] <{the}>
        what did {the} eat today
        where does {the} live
        what [is] <{the}> thinking
        when was {the} born
        what does {the} weigh
        what food does {the} like
        what's the name of its owner"""
    ),
    "unknowable": lines(
        """what happened before this
        what happened just before the photo
        what happened yesterday
        what will happen next year
        what happens after this
        what time is it exactly
        what time [is] <it> to the minute
        at what minute was this taken
        what's the exact date
        on what date was this taken
        which day of the week [is] <it>
        what year was this taken
        who took this photo
        who took the picture
        what's the photographer's name
        what camera was used
        how much did it cost
        how much does all this cost
        what [is] <the price>
        what's the phone number
        what [is] <the address>
        what's the name of this street
        what [is] <the name of this town>
        which country [is] <this> exactly
        what's the temperature in degrees
        what [is] <the temperature> exactly
        how far [is] <it> to the next town
        what sound can be heard
        what does it smell like
        what song is playing
        who lives here
        what [is] <the wifi password>
        what was said before
        whose birthday [is] <it>
        who won in the end
        what's just outside the frame
        what <is behind the camera>"""
    ),
    "what_first": lines(
        """what [do] <you> see
        what can you see
        what <is in the picture>
        what [is] <there> in the photo
        what's the first thing you see
        what's that"""
    ),
    "what_else": lines(
        """what else
        what else [do] <you> see
        what else [is] <there>
        what else is in the picture
        what else can be seen
        anything else
        and what else
        is there anything else, and what
        what else is in it"""
    ),
    "it_colour": lines(
        """what colour [is] <it>
        its colour?
        and what colour
        what colour?
        and the colour
        which colour [is] <it>"""
    ),
    "it_doing": lines(
        """what [{is}] <{he}> doing
        and what {is} {he} doing
        what {is} {he} doing there
        doing what"""
    ),
    "it_where": lines(
        """where [{is}] <{he}>
        and where
        where?
        where {is} {he} exactly
        and where {is} {he}"""
    ),
    "and_the": lines(
        """and {the}
        what about {the}
        and what about {the}
        {the}?
        how about {the}"""
    ),
    "alone": lines(
        """is {he} alone
        [is] <{he}> alone
        alone?
        is {he} by {himself}
        all alone
        is {the} on {his} own"""
    ),
    "company": lines(
        """is anybody with {him}
        is anyone else there
        anyone with {him}
        is there anybody else
        is somebody with {the}
        [is] <anybody else> in the picture"""
    ),
    "sure": lines(
        """are you sure
        you sure
        really
        are you certain
        are you really sure about that
        sure?
        is that right
        u sure"""
    ),
    "why": lines(
        """why
        why?
        but why
        why is that
        why like that
        what for
        and why"""
    ),
    "other_one": lines(
        """what about the other one
        and the other one
        and the other
        the other one?
        what about the second one"""
    ),
    "how_know": lines(
        """how do you know
        why do you think so
        how can you tell
        what makes you think that
        why?
        how come"""
    ),
}

UNKNOWN = (
    "The photo does not show that.",
    "The photo does not show that.",
    "The photo does not show that.",
    "The picture does not show that.",
    "I cannot tell that from the photo.",
    "That cannot be seen in the picture.",
    "The photo cannot tell that.",
    "One cannot know that from the picture.",
)
NOT_THERE = (
    "I don't see {a}.",
    "I don't see {a}.",
    "There is no {thing} in the photo.",
    "There is no {thing}.",
    "I don't see {a} in the picture.",
    "The photo does not show {a}.",
)
