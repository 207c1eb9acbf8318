"""Resource quantities (apimachinery's resource.Quantity): reading, and the one canonical way to write each."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_FORM = re.compile(r"^([+-]?)(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i|)$")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}


class QuantityError(ValueError):
    """The text is no quantity; the message is apimachinery's."""

    def __init__(self) -> None:
        super().__init__("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")


@lru_cache(4096)
def value(text: str | int | float) -> Fraction:
    """The number, exactly: `value("1.5Gi") == 1610612736`. Raises QuantityError."""
    return _parsed(text)[0]


@lru_cache(4096)
def canonical(text: str | int | float) -> str:
    """As the API server writes it back: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`."""
    number, form = _parsed(text)
    return written(number, form)


def written(number: Fraction, form: str = "decimal") -> str:
    """`form` is binary, decimal or exponent; below 1,024 there is no binary form, as in apimachinery."""
    if number == 0:
        return "0"
    if form == "binary" and abs(number) < 1024 and number.denominator == 1:
        form = "decimal"
    if form == "binary" and number.denominator == 1:
        whole, suffix = int(number), ""
        for name, bits in _BINARY.items():
            if whole % (1 << bits) == 0:
                suffix = name
                scale = bits
        return f"{whole >> scale}{suffix}" if suffix else str(whole)
    # Nothing is finer than a billionth; what is, is rounded away from zero.
    nano = number * 10**9
    units = -((-nano.numerator) // nano.denominator) if nano > 0 else nano.numerator // nano.denominator
    exponent = -9
    while units % 1000 == 0 and exponent < 18:
        units //= 1000
        exponent += 3
    if form == "exponent":
        return f"{units}e{exponent}" if exponent else str(units)
    return f"{units}{_SUFFIX[exponent]}"


def _parsed(text: str | int | float) -> tuple[Fraction, str]:
    found = _FORM.match(str(text))
    if not found:
        raise QuantityError
    sign, digits, suffix = found.groups()
    number = Fraction(digits) * (-1 if sign == "-" else 1)
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix]), "binary"
    if suffix in _DECIMAL:
        return number * Fraction(10) ** _DECIMAL[suffix], "decimal"
    return number * Fraction(10) ** int(suffix[1:]), "exponent"
