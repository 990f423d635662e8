"""Questions about the place, indoors or outdoors, the weather, the season and the time of day."""

from collections.abc import Iterable

from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, answers
from dataset.photo.english_facts import Facts
from dataset.photo.english_scenes import (
    CITY,
    COUNTRY,
    DAY,
    DENIED_BY,
    INDOORS,
    NIGHT,
    OUTDOORS,
    PLACES,
    SEASONS,
    WEATHER,
    signs_case,
)
from dataset.photo.made import Made


def indoors(words: set[str]) -> bool | None:
    """True, False, or None where words do not tell."""
    inside, outside = bool(INDOORS & words), bool(OUTDOORS & words)
    return None if inside == outside else inside


def best_place(facts: Facts) -> str:
    """The place that most captions tell; at least two."""

    def told(name: str) -> int:
        return sum(bool(PLACES[name].shown_by & set(caption.tokens)) for caption in facts.captions)

    best = max(PLACES, key=told)
    return best if told(best) >= 2 else ""


class Scenes:
    def __init__(self, photos: list[Facts]) -> None:
        words = [facts.words for facts in photos]
        self.places = Balance(signs_case(PLACES, f.words) for f in photos if best_place(f))
        self.weather = Balance(signs_case(WEATHER, w, DENIED_BY) for w in words)
        inside = sum(indoors(w) is True for w in words)
        self.keep_outside = min(1.0, inside / max(1, sum(indoors(w) is False for w in words)))
        night = sum(bool({"night", "nighttime"} & w) for w in words)
        self.keep_day = min(1.0, 3 * night / max(1, sum(bool(DAY & w) and not NIGHT & w for w in words)))

    def questions(self, asker: Asker) -> Iterable[Made]:
        facts, rng = asker.facts, asker.rng
        case, best = signs_case(PLACES, facts.words), best_place(facts)
        if best:
            yield asker.made("scene", "place", {}, best, f"It was taken {best}")
            for wrong in self.places.denied(case, 1, rng):
                yield asker.choice("scene", "place_choice", best, wrong, {}, "", f"It was taken {best}")
            for name, truth in self.places.ask(case, rng):
                yield asker.yes_no(
                    "scene", "is_place", {"x": name}, f"this was taken {name}", truth, f"it was taken {best}"
                )
        yield from self._inside(asker)
        yield from self._season(asker)
        yield from self._weather(asker)

    def _inside(self, asker: Asker) -> Iterable[Made]:
        words, rng = asker.facts.words, asker.rng
        inside = indoors(words)
        if inside is not None and (inside or rng.random() < 3 * self.keep_outside):
            right = "indoors" if inside else "outdoors"
            yield asker.made("scene", "in_out", {}, right, f"It is {right}")
            if inside or rng.random() < 1 / 3:
                for x, truth in answers(right, "outdoors" if inside else "indoors", rng):
                    yield asker.yes_no(
                        "scene", "is_place", {"x": x}, f"this was taken {x}", truth, f"it is {right}"
                    )
        city, country = bool(CITY & words), bool(COUNTRY & words)
        if city != country and not inside:
            yield asker.made("scene", "city_country", {}, "A city" if city else "The countryside")

    def _season(self, asker: Asker) -> Iterable[Made]:
        words, rng = asker.facts.words, asker.rng
        seasons = [season for season, signs in SEASONS.items() if signs & words]
        if len(seasons) == 1:
            yield asker.made("weather", "season", {}, seasons[0], f"It is {seasons[0]}")
            wrong = rng.choice(
                {"winter": ("summer", "spring"), "summer": ("winter",)}.get(seasons[0], ("spring",))
            )
            yield asker.choice("weather", "season_choice", seasons[0], wrong, {}, "", f"It is {seasons[0]}")

    def _weather(self, asker: Asker) -> Iterable[Made]:
        words, rng = asker.facts.words, asker.rng
        case = signs_case(WEATHER, words, DENIED_BY)
        told = [w for w in case.true if w in ("sunny", "raining", "snowing", "cloudy", "foggy")]
        told = told or [w for w in case.true if w in ("cold", "warm")]
        if len(told) == 1 and not indoors(words):
            yield asker.made("weather", "weather", {}, told[0], f"It is {told[0]}")
        for name, truth in self.weather.ask(case, rng):
            yield asker.yes_no("weather", "is_weather", {"x": name}, f"it is {name}", truth)
        time = "night" if {"night", "nighttime"} & words else ""
        if DAY & words and not NIGHT & words and indoors(words) is False and rng.random() < self.keep_day:
            time = "day"
        if time:
            yield asker.made("weather", "day_night", {}, time, f"It is {time}")
            if time == "night" or rng.random() < 1 / 3:
                for x, truth in answers(time, "day" if time == "night" else "night", rng):
                    yield asker.yes_no("weather", "is_time", {"x": x}, f"it is {x}", truth, f"it is {time}")
