"""How big each ReplicaSet of a Deployment should be: pkg/controller/deployment/{rolling,recreate,sync}.go."""

from __future__ import annotations

from typing import Protocol

from wizard.sandbox.controllers.shapes import Obj, amount, annotations_of

REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


class Hands(Protocol):
    """Who changes a ReplicaSet's size, and tells about it."""

    def resize(self, wanted: Obj, found: Obj, size: int) -> bool: ...


def _replicas(obj: Obj) -> int:
    size: int = obj["spec"].get("replicas", 1)
    return size


def _limits(wanted: Obj) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers; both 0 would never move."""
    strategy = wanted["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    total = _replicas(wanted)
    surge = amount(rolling.get("maxSurge", "25%"), total, up=True)
    unavailable = amount(rolling.get("maxUnavailable", "25%"), total, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, unavailable


def max_surge(wanted: Obj) -> int:
    return _limits(wanted)[0]


def max_unavailable(wanted: Obj) -> int:
    if not _replicas(wanted):
        return 0
    return min(_limits(wanted)[1], _replicas(wanted))


def note_size(found: Obj, wanted: Obj) -> None:
    """Leaves on the ReplicaSet what the Deployment wanted, to find out later that it was scaled."""
    found["metadata"].setdefault("annotations", {}).update(
        {DESIRED: str(_replicas(wanted)), MAXIMUM: str(_replicas(wanted) + max_surge(wanted))}
    )


def new_size(wanted: Obj, old: list[Obj], new: Obj | None) -> int:
    """NewRSNewReplicas: as many as the surge still allows."""
    total = _replicas(wanted)
    if (wanted["spec"].get("strategy") or {}).get("type") == "Recreate":
        return total
    current = sum(map(_replicas, old)) + (_replicas(new) if new else 0)
    have = _replicas(new) if new else 0
    room = total + max_surge(wanted) - current
    if room <= 0:
        return have
    return have + min(room, total - have)


def grow(hands: Hands, wanted: Obj, old: list[Obj], new: Obj) -> bool:
    if _replicas(new) == _replicas(wanted):
        return False
    if _replicas(new) > _replicas(wanted):
        return hands.resize(wanted, new, _replicas(wanted))
    return hands.resize(wanted, new, new_size(wanted, old, new))


def shrink(hands: Hands, wanted: Obj, old: list[Obj], new: Obj) -> bool:
    """Scales old ReplicaSets down: first pods that are not healthy, then as far as maxUnavailable allows."""
    if not sum(map(_replicas, old)):
        return False

    def available(found: Obj) -> int:
        count: int = (found.get("status") or {}).get("availableReplicas", 0)
        return count

    everything = [*old, new]
    least = _replicas(wanted) - max_unavailable(wanted)
    spare = sum(map(_replicas, everything)) - least - (_replicas(new) - available(new))
    if spare <= 0:
        return False
    oldest = sorted((each for each in old if _replicas(each)), key=lambda each: each["metadata"]["creationTimestamp"])
    sizes = {each["metadata"]["name"]: _replicas(each) for each in oldest}
    for each in oldest:  # cleanupUnhealthyReplicas
        less = min(spare, max(0, sizes[each["metadata"]["name"]] - available(each)))
        sizes[each["metadata"]["name"]] -= less
        spare -= less
    spare = min(spare, sum(map(available, everything)) - least)
    for each in oldest:
        if spare <= 0:
            break
        less = min(spare, sizes[each["metadata"]["name"]])
        sizes[each["metadata"]["name"]] -= less
        spare -= less
    moved = False
    for each in oldest:
        size = sizes[each["metadata"]["name"]]
        if size != _replicas(each):
            moved = hands.resize(wanted, each, size) or moved
    return moved


def scale_to(hands: Hands, wanted: Obj, found: Obj, size: int) -> bool:
    return _replicas(found) != size and hands.resize(wanted, found, size)


def scale_to_nothing(hands: Hands, wanted: Obj, old: list[Obj]) -> bool:
    return any([hands.resize(wanted, each, 0) for each in old if _replicas(each)])


def was_scaled(wanted: Obj, sets: list[Obj]) -> bool:
    """Whether the Deployment asks for another number than when its active ReplicaSets were last looked at."""
    return any(
        annotations_of(each).get(DESIRED, str(_replicas(wanted))) != str(_replicas(wanted))
        for each in sets
        if _replicas(each)
    )


def scale(hands: Hands, wanted: Obj, old: list[Obj], new: Obj | None) -> None:
    """A change of replicas: to one ReplicaSet if only one counts, else in proportion (sync.go: scale)."""
    total = _replicas(wanted)
    active = [each for each in [*old, *([new] if new else [])] if _replicas(each)]
    if len(active) <= 1:
        latest = active[0] if active else new
        if latest is not None:
            hands.resize(wanted, latest, total)
        return
    if new is not None and _saturated(wanted, new):
        scale_to_nothing(hands, wanted, old)
        return
    if (wanted["spec"].get("strategy") or {}).get("type") == "Recreate":
        return
    have = sum(map(_replicas, active))
    allowed = total + max_surge(wanted) if total else 0
    left = allowed - have
    # Largest first when growing, so that rounding favours it; newest first among equals.
    newest = sorted(active, key=lambda each: each["metadata"]["creationTimestamp"], reverse=True)
    active = sorted(newest, key=_replicas, reverse=left > 0)
    sizes: dict[str, int] = {}
    added = 0
    for each in active:
        size = _replicas(each)
        if left:
            before = int(annotations_of(each).get(MAXIMUM, str(have)) or have)
            share = round(size * allowed / before) - size if before else 0
            room = left - added
            share = min(share, room) if left > 0 else max(share, room)
            size += share
            added += share
        sizes[each["metadata"]["name"]] = size
    first = active[0]["metadata"]["name"]
    sizes[first] = max(0, sizes[first] + left - added)
    for each in active:
        hands.resize(wanted, each, sizes[each["metadata"]["name"]])


def _saturated(wanted: Obj, new: Obj) -> bool:
    total = _replicas(wanted)
    return (
        _replicas(new) == total
        and annotations_of(new).get(DESIRED) == str(total)
        and (new.get("status") or {}).get("availableReplicas", 0) == total
    )


def is_complete(wanted: Obj, old: list[Obj], new: Obj | None) -> bool:
    if new is None:
        return False
    status = new.get("status") or {}
    total = _replicas(wanted)
    return (
        status.get("replicas", 0) == total
        and status.get("availableReplicas", 0) == total
        and not any((each.get("status") or {}).get("replicas") for each in old)
    )
