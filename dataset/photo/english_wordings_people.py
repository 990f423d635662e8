"""Wordings about people and what they do."""

from dataset.photo.english_talk import lines

PEOPLE = {
    "action": lines(
        """what {is} {the} doing
        what {is} {the} doing
        what [{is}] <{the}> doing
        what [{is}] <{the}> doing
        what [{is}] <{the}> doing in the picture
        what [{is}] <{he}> doing
        what [{is}] <{he}> doing here
        what [{is}] <{the}> up to
        what [{is}] <{the}> busy with
        what might {the} be doing here
        describe what {the} {is} doing
        tell me what {the} {is} doing
        say what {the} {is} doing
        {the} {is} doing what
        {the}, what {is} {he} doing
        what do you see {the} doing
        what activity [{is}] <{the}> doing
        name the action of {the}
        what action {is} {the} performing
        whats {the} doing
        in the photo, what {is} {the} doing
        what might {the} be doing
        what would you say {the} {is} doing
        how {is} {the} spending the time"""
    ),
    "happening": lines(
        """what <is happening>
        what <is happening> here
        what <is going on>
        what <is going on> here
        what <is going on> in the picture
        what <is happening> in this photo
        what's up here
        whats going on
        what's happening in the pic
        tell me what is happening
        what takes place here
        what activity can be seen
        what action do you see
        describe the action
        what are we looking at, what is happening"""
    ),
    "is_doing": lines(
        """{is} {the} {x}
        {is} {the} {x}
        [{is}] <{the}> {x}
        [{is}] <{the}> {x} in the photo
        [{is}] <{he}> {x}
        {is} {he} {x} here
        do you see {the} {x}
        would you say {the} {is} {x}
        {the} {is} {x}
        can we see {the} {x}
        {is} {the} {x} in this picture"""
    ),
    "anyone_doing": lines(
        """[is] <anyone> {x}
        [is] <anybody> {x}
        [is] <somebody> {x}
        [is] <someone> {x} here
        is anyone {x} in the photo
        is there anyone {x}
        is there somebody {x}
        is there a person {x}
        do you see anyone {x}
        can you see somebody {x}
        does the picture show anyone {x}
        anyone {x}
        are there people {x}
        somebody is {x}"""
    ),
    "doing_choice": lines(
        """{is} {the} {one} or {other}
        {is} {the} {one} or {other}
        [{is}] <{the}> {one} or {other}
        [{is}] <{he}> {one} or {other}
        {the}: {one} or {other}
        what {is} {he} doing, {one} or {other}
        {one} or {other}
        what {is} {the} doing: {one} or {other}"""
    ),
    "who": lines(
        """who <is in the picture>
        who <is in the photo>
        who <is in it>
        who [is] <this>
        who [is] <that>
        who [do] <you> see
        who [is] <there>
        who is here
        who can be seen
        who's in this pic
        tell me who is in the photo
        who appears in the picture
        who <is shown>
        name who you can see
        who are we looking at
        what people [do] <you> see"""
    ),
    "who_one": lines(
        """describe the person
        what kind of person [is] <it>
        what sort of person [is] <this>
        who is the person
        who [is] <this person>
        person?
        what can you say about the person"""
    ),
    "who_side": lines(
        """who <is on the {x}>
        who is on the {x} side
        who do you see on the {x}
        who stands on the {x}
        the one on the {x}, who is it
        tell me who is on the {x}"""
    ),
    "who_does": lines(
        """who is {x}
        who is {x}
        who <is {x}>
        who <is {x}> here
        who is the one {x}
        who can be seen {x}
        {x}: who is it
        tell me who is {x}
        who do you see {x}
        in the photo, who is {x}"""
    ),
    "sex_choice": lines(
        """[is] <it> {one} or {other}
        [is] <this> {one} or {other}
        is that {one} or {other}
        is the person {one} or {other}
        {bone} or {bother}
        {bone} or {bother}
        do you see {one} or {other}
        {bone} or {bother}, which
        is the person in the photo {one} or {other}
        what is it, {one} or {other}
        who is it, {one} or {other}
        the person: {one} or {other}"""
    ),
    "is_person": lines(
        """[is] <it> {x}
        [is] <this> {x}
        is that {x}
        is the person {x}
        [is] <the person> in the photo {x}
        the person is {x}
        is that person {x}
        do we see {x}
        is there {x}"""
    ),
    "age": lines(
        """how old [is] <{the}>
        how old [is] <{the}> roughly
        how old [is] <{he}>, roughly
        how old would you say {the} is
        roughly how old [is] <{he}>
        about how old [is] <{the}>
        what age [is] <{the}>, about
        {the}'s age?
        guess {the}'s age
        can you tell roughly how old {the} is
        what age might {he} be
        {the}: age
        can you guess the age of {the}
        how old does {he} look
        age?"""
    ),
    "young_or_old": lines(
        """is {the} young or old
        is {the} old or young
        [is] <{the}> young or old
        [is] <{he}> old or young
        young or old
        old or young
        would you say {the} is old or young
        does {he} look young or old"""
    ),
    "wear": lines(
        """what [is] <{the}> wearing
        what [is] <{the}> wearing
        what [is] <{he}> wearing
        what does {the} wear
        what does {the} have on
        what [is] <{he}> dressed in
        what clothes [is] <{the}> wearing
        what clothes do you see on {the}
        how [is] <{the}> dressed
        describe {the}'s clothes
        clothes?
        name something {the} is wearing
        tell me what {the} is wearing
        what has {the} got on
        say what {he} wears"""
    ),
    "wear_head": lines(
        """what [is] <{the}> wearing on the head
        what does {the} have on the head
        what <is on {the}'s head>
        what has {he} got on the head
        what is {he} wearing on the head
        what kind of headgear does {the} wear"""
    ),
    "wearing": lines(
        """is {the} wearing {x}
        [is] <{the}> wearing {x}
        [is] <{he}> wearing {x}
        [does] <{the}> wear {x}
        does {he} wear {x}
        [has] <{he}> got {x} on
        has {the} got {x} on
        {the} wears {x}
        is {the} in {x}
        wearing {x}
        do you see {x} on {the}
        [is] <{he}> wearing {x} in the photo"""
    ),
}
