"""What a profile costs a month, as far as the catalog knows; always an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from wizard.ui.tui.text import clean, fit

if TYPE_CHECKING:
    from wizard.domain.profile import Profile
    from wizard.planning.cost import Cost, Line


def cost_content(profile: Profile, *, short: bool = False) -> Content:
    """`short`: one line and what a tier's nodes come to; else every line, and what is not included."""
    from wizard.catalog import instances, models, prices
    from wizard.planning.cost import cost

    made = cost(profile, instances.catalog(), prices.catalog(), models.catalog())
    if made is None:
        return Content.styled("This target costs nothing here: the wizard buys nothing on it.", "$muted")
    return _short(made) if short else _long(made)


def money(low: float, high: float) -> str:
    """`$1,204` or `$1,204 to $9,830`."""
    return f"${low:,.0f}" if round(low) == round(high) else f"${low:,.0f} to ${high:,.0f}"


def _short(made: Cost) -> Content:
    nodes = [line for line in made.lines if line.group == "nodes"]
    parts = [Content.assemble((f"About {money(made.low, made.high)} a month", "bold"), ("  estimate", "$muted"))]
    parts += [_row(line, short=True) for line in nodes]
    if made.unknown:
        parts.append(Content.styled(f"  without {len(made.unknown)} parts whose price is not known", "$text-warning"))
    return Content("\n").join(parts)


def _row(line: Line, *, short: bool = False) -> Content:
    if line.low is None or line.high is None:
        price, style = "unknown", "$text-warning"
    else:
        price, style = money(line.low, line.high), ""
    if short:
        return Content.assemble(f"  {clean(line.what):<28}", (price, style), (f"  {line.count}", "$muted"))
    note = f"\n    {clean(line.note)}" if line.note else ""
    what, count = fit(clean(line.what), 34), fit(clean(line.count), 20)
    return Content.assemble(f"  {what} {count} ", (f"{price:>16}", style), (note, "$muted"))


def _long(made: Cost) -> Content:
    from wizard.planning.cost import DISCLAIMER, NOT_INCLUDED

    head = f"About {money(made.low, made.high)} a month in {made.region}"
    parts = [Content.assemble((head, "bold"), (f"  prices of {made.looked_up}", "$muted")), Content("")]
    parts += [_row(line) for line in made.lines]
    parts += [Content(""), Content.styled(f"{DISCLAIMER}. Not included:", "$muted")]
    parts += [Content.styled(f"  {each}", "$muted") for each in NOT_INCLUDED]
    return Content("\n").join(parts)
