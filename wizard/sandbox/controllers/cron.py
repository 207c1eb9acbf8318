"""Cron schedules: five fields, names, steps and the @words (github.com/robfig/cron, as CronJobs use it)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_RANGES = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 6, _DAYS))
_HORIZON = 366 * 5


@dataclass(frozen=True, slots=True)
class Schedule:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Both day fields are restricted: a day that fits one of them will do."""
    zone: tzinfo

    def after(self, seconds: float) -> float | None:
        """The first time after `seconds` (since 1970); None if there is none within five years."""
        when = datetime.fromtimestamp(seconds, self.zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for _ in range(_HORIZON):
            if when.month in self.months and self._day(when):
                for hour in range(when.hour, 24):
                    if hour not in self.hours:
                        continue
                    first = when.minute if hour == when.hour else 0
                    for minute in range(first, 60):
                        if minute in self.minutes:
                            return when.replace(hour=hour, minute=minute).timestamp()
            when = (when + timedelta(days=1)).replace(hour=0, minute=0)
        return None

    def _day(self, when: datetime) -> bool:
        by_month, by_week = when.day in self.days, when.isoweekday() % 7 in self.weekdays
        return by_month or by_week if self.either else by_month and by_week


@lru_cache(maxsize=256)
def parse(text: str, zone: str = "") -> Schedule:
    """Raises ValueError for what is none."""
    fields = _WORDS.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: {fields}")
    minutes, hours, days, months, weekdays = (_field(field, *_RANGES[number]) for number, field in enumerate(fields))
    restricted = [not field.startswith(("*", "?")) for field in (fields[2], fields[4])]
    return Schedule(minutes, hours, days, months, weekdays, all(restricted), ZoneInfo(zone or "UTC"))


def _field(text: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    def number(part: str) -> int:
        if part.lower() in names:
            return names.index(part.lower()) + low
        value = int(part)
        return 0 if names is _DAYS and value == 7 else value

    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = map(number, span.split("-"))
        else:
            first = number(span)
            last = high if step else first
        if not low <= first <= last <= high:
            raise ValueError(f"{part} is out of range {low} to {high}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)
