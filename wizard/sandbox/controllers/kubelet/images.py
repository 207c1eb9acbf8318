"""A node's images: what is there, what is being pulled, and the words for what cannot be (pkg/kubelet/images)."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.sandbox.controllers.programs import registry
from wizard.sandbox.controllers.programs.generic import BAD_IMAGE

_CHECK = 0.3
"""Seconds to ask a registry whether a tag has moved (imagePullPolicy Always)."""


def pull_error(image: str) -> str:
    """containerd's words, as the tests' real control plane has them."""
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f'failed to resolve reference "{image}": not found'
    )


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull under way, or one that will fail: when it ends, how long it took, and with what error."""

    done: float
    seconds: float
    error: str = ""


class Images:
    def __init__(self) -> None:
        self._there: dict[str, dict[str, float]] = {}
        self._pulling: dict[tuple[str, str], Pull] = {}

    def has(self, node: str, image: str) -> bool:
        return image in self._there.get(node, {})

    def on(self, node: str) -> dict[str, float]:
        """Image -> bytes."""
        return self._there.get(node, {})

    def drop(self, image: str) -> None:
        """Takes an image off every node, as a garbage collection would."""
        for images in self._there.values():
            images.pop(image, None)
        for key in [key for key in self._pulling if key[1] == image]:
            del self._pulling[key]

    def forget(self, node: str) -> None:
        self._there.pop(node, None)

    def start(self, node: str, image: str, now: float, jitter: float, slow: float, refused: str) -> Pull:
        """A pull that another pod started already is joined."""
        known = self._pulling.get((node, image))
        if known is not None and known.done > now:
            return known
        if BAD_IMAGE in image or refused:
            pull = Pull(now + 0.4 * slow, 0.4, refused or pull_error(image))
        elif self.has(node, image):
            pull = Pull(now + _CHECK * slow, _CHECK)
        else:
            seconds = (0.4 + registry.lookup(image)[0] / registry.RATE * (0.85 + 0.3 * jitter)) * slow
            pull = Pull(now + seconds, seconds)
        self._pulling[node, image] = pull
        return pull

    def arrived(self, node: str, image: str) -> None:
        self._there.setdefault(node, {})[image] = registry.lookup(image)[0]
        self._pulling.pop((node, image), None)
