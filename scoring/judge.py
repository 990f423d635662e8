"""Is an answer to a made question about a photo right? Leniently: what it says counts, not how it is said.

    what cannot be seen   the answer says so
    yes or no             the answer begins with the same
    how many              the number is the same
    all else              the truth's content words are in the answer, or the answer's in the truth

What the question says itself is no content, unless it offers a choice. Of Chinese, characters are the words.
"""

import re

from dataset.photo.chinese_read import DIGITS
from scoring.captions import words

PLAIN = {
    "en": set(
        "a an the is are was there it he she they 's in on at of to by and & this that photo picture".split()
    ),
    "zh": set("的了着在有是这那它他她个只和里上中边色一照片图"),
}
SAME = {"gray": "grey", "blonde": "blond", "photograph": "photo", "image": "picture"}
NO = r"no|nope|false|没(?!错)|不|否"
YES = r"yes|yeah|yep|true|right|correct|没错|有|是|对|嗯|我?确定|[戴穿]了"
ANSWER = re.compile(rf"(?:(?:[照图]片|图|画面)[里上中]|\s)*(?:(?P<no>{NO})|(?P<yes>{YES}))(?![a-z])")
POLAR = re.compile(  # a truth that is a yes or a no; "有一只狗" and "没有人" may be something else
    r"(?:(?:yes|no|true|false|right|correct)\b|(?:没有|有|是的?|不是|对的?|我?确定|没有?[戴穿].*|[戴穿]了)(?:[，。]|$))"
)
UNSEEN = re.compile(
    r"(?:\bnot|n't|\bcannot)\b[^.]*\b(?:shows?|see|seen|tell|know|known|visible|say|clear|sure|determined?)\b"
    r"|\bthere (?:is|are) (?:no|not)\b|\bno \w+(?: \w+)? (?:in|on) (?:the|this) (?:photo|picture|image)\b"
    r"|\b(?:impossible|unable|unknown|unclear|invisible)\b"
    r"|看不|没有|没法|无法|不知道|不清楚|不能|没写|不存在"
)
HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b|几[个只人位条匹辆头]|多少|數|数")
EITHER = re.compile(r"\bor\b|还是|還是")
SPELLED = (
    "one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
)
COUNTED = {
    **dict.fromkeys(("no", "none", "zero", "nobody", "没有", "没", "零"), "0"),
    **dict.fromkeys(("many", "several", "lots", "很多", "许多", "好多", "一群"), "many"),
    **{word: str(n) for n, word in enumerate(SPELLED.split(), 1)},
}
TENS = re.compile("([一二两三四五六七八九]?)十([一二三四五六七八九]?)")
NUMBER = re.compile(
    rf"\d+|{TENS.pattern}|[{''.join(DIGITS)}]|\b(?:{'|'.join(w for w in COUNTED if w.isascii())})\b"
    rf"|{'|'.join(sorted((w for w in COUNTED if not w.isascii()), key=len, reverse=True))}"
)


def right(type: str, question: str, truth: str, answer: str) -> bool:
    """`type` is "en/colour", "zh/count" and so on."""
    language, _, family = type.partition("/")
    question, truth, answer = (plain(text) for text in (question, truth, answer))
    if family == "unanswerable" or (family == "follow_up" and unseen(truth) and not follows_up(truth)):
        return unseen(answer)
    if HOW_MANY.search(question) and counted(truth) == "0":  # "None.", "No people."
        return counted(answer) == "0"
    if POLAR.match(truth) or (family == "follow_up" and follows_up(truth) and not HOW_MANY.search(question)):
        return polarity(answer) == polarity(truth)
    if (family == "count" or HOW_MANY.search(question)) and (number := counted(truth)):
        return counted(answer) == number
    either = EITHER.search(question)
    if unseen(answer) or (either and EITHER.search(answer)):
        return False
    return alike(truth, answer, "" if either else question, language)


def plain(text: str) -> str:
    return text.replace("<image>", "").replace("’", "'").strip().lower()


def unseen(text: str) -> bool:
    """Does it say that something is not to be seen?"""
    return bool(UNSEEN.search(text))


def follows_up(truth: str) -> bool:
    """ "有飞盘。", "没有狗。": yes and no to "那飞盘呢？"."""
    return bool(re.match(r"没?有(?!.*看不)", truth))


def polarity(text: str) -> str | None:
    """ "yes", "no", or None where it begins with neither."""
    found = ANSWER.match(plain(text))
    return found and ("no" if found["no"] else "yes")


def counted(text: str) -> str | None:
    """The first number of it: "two", "2", "两" -> "2", "十二" -> "12"."""
    found = NUMBER.search(text)
    if found and (tens := TENS.fullmatch(found[0])):
        return str(10 * DIGITS.get(tens[1], 1) + DIGITS.get(tens[2], 0))
    return found and str(DIGITS.get(found[0]) or COUNTED.get(found[0], found[0]))


def alike(truth: str, answer: str, question: str, language: str) -> bool:
    """Is the content of one within that of the other?"""
    there, said, asked = (content(text, language) for text in (truth, answer, question))
    if not there <= asked:
        there, said = there - asked, said - asked
    if not there:
        return truth.strip(" .。") == answer.strip(" .。")
    few = len(said) < 2 and language == "zh"  # a character of several is half a word
    return there <= said or (bool(said) and not few and said <= there)


def content(text: str, language: str) -> set[str]:
    return {SAME.get(word, word) for word in words(text, language)} - PLAIN[language]


def denies(answer: str) -> bool:
    """As POPE's own evaluation reads an answer: "no" or "not" in the first sentence, else it is a yes."""
    first = re.split(r"[.。]", plain(answer))[0]
    return bool(re.search(r"\b(?:no|not|false)\b|n't\b|没(?!错)|不(?!少|错)|否", first))


def states(truth: str) -> bool | None:
    """Whether a thing is there, if the truth is "Yes, there is" or "No, there is no"; None for
    "Right, there is none", and where the question offered a choice."""
    truth, says = plain(truth), polarity(truth)
    if not POLAR.match(truth):
        return None
    rest = re.split(r"[,，]", truth, maxsplit=1)[1:]
    if rest and bool(re.search(r"\bno\b|没", rest[0])) != (says == "no"):
        return None
    return says == "yes"
