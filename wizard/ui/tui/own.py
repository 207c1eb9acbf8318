"""From any widget to our app and its services, typed: Textual knows its app only as some `App`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode

if TYPE_CHECKING:
    from wizard.ui.services import Services
    from wizard.ui.tui.app import WizardApp


def app_of(node: DOMNode) -> WizardApp:
    return cast("WizardApp", node.app)


def services_of(node: DOMNode) -> Services:
    return app_of(node).services
