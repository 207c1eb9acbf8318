"""How a container gets its image: present, pulled, or refused with the words of image_manager.go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.sandbox.controllers.kubelet.container import BACK_OFF, BACK_OFF_MAX, RELIST, Container

if TYPE_CHECKING:
    from wizard.sandbox.controllers.kubelet.worker import Worker


class Puller:
    """Pulls for the containers of one pod."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def there(self, container: Container, now: float) -> bool:
        """Whether the image is there; pulls it, and fails to, as the policy says."""
        images, image = self._worker.kubelet.images, container.image
        policy = container.spec.get("imagePullPolicy") or ("Always" if _is_latest(image) else "IfNotPresent")
        refused = self._worker.kubelet.world.effects.find("pull-error", self._worker.pod, container.spec, now)
        error = str(refused.settings.get("error", "")) or "toomanyrequests: rate limit exceeded" if refused else ""
        if container.pull is None:
            if images.has(self._worker.node, image) and policy != "Always" and not error:
                if container.program is None:
                    message = f'Container image "{image}" already present on machine and can be accessed by the pod'
                    self._worker.tell("Normal", "Pulled", message, container)
                return True
            if policy == "Never":
                container.waiting = "ErrImageNeverPull"
                container.message = f'Container image "{image}" is not present with pull policy of Never'
                self._worker.tell_once(container, "Warning", "ErrImageNeverPull", container.message)
                return False
            if now < container.pull_retry_at:
                if container.waiting == "ErrImagePull" and now >= container.retry_at:
                    container.waiting = "ImagePullBackOff"
                    container.message = f'Back-off pulling image "{image}": ErrImagePull: {container.pull_message}'
                    self._worker.tell("Normal", "BackOff", f'Back-off pulling image "{image}"', container)
                    self._worker.tell("Warning", "Failed", "Error: ImagePullBackOff", container)
                self._worker.wake_at(
                    container.retry_at if container.waiting == "ErrImagePull" else container.pull_retry_at
                )
                return False
            jitter = self._worker.cluster.jitter(self._worker.node, image)
            slow = self._worker.kubelet.slowness(self._worker.node)
            container.pull = images.start(self._worker.node, image, now, jitter, slow, error)
            self._worker.tell("Normal", "Pulling", f'Pulling image "{image}"', container)
        pull = container.pull
        if now < pull.done:
            self._worker.wake_at(pull.done)
            return False
        container.pull = None
        if pull.error:
            self._failed(container, pull.error, now)
            return False
        images.arrived(self._worker.node, image)
        size = int(images.on(self._worker.node)[image])
        took = f"{pull.seconds * 1000:.0f}ms" if pull.seconds < 1 else f"{pull.seconds:.3f}s"
        message = f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
        self._worker.tell("Normal", "Pulled", message, container)
        container.pull_failures = 0
        return True

    def _failed(self, container: Container, error: str, now: float) -> None:
        container.pull_failures += 1
        delay = min(BACK_OFF * 2.0 ** (container.pull_failures - 1), BACK_OFF_MAX)
        container.pull_retry_at, container.retry_at = now + delay, now + RELIST
        container.waiting, container.message, container.pull_message = "ErrImagePull", error, error
        self._worker.tell("Warning", "Failed", f'Failed to pull image "{container.image}": {error}', container)
        self._worker.tell("Warning", "Failed", "Error: ErrImagePull", container)
        self._worker.wake_at(container.retry_at)


def _is_latest(image: str) -> bool:
    name = image.rpartition("/")[2]
    return "@" not in name and (":" not in name or name.endswith(":latest"))
