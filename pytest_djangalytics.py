"""The pytest plugin of djangalytics: the fixture ``tracked_events``.

A module outside the package, because pytest imports its plugins before a coverage measurement
begins, and in runs that never use the SDK: so the fixture alone imports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from djangalytics_client.testing import TrackedEvents


@pytest.fixture
def tracked_events() -> Iterator[TrackedEvents]:
    """What the test tracks with djangalytics; nothing is sent, and errors are raised."""
    from djangalytics_client.testing import recorded

    with recorded() as tracked:
        yield tracked
