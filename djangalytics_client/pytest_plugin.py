"""The pytest plugin of djangalytics: the fixture ``tracked_events``.

pytest finds it by the package's entry point, in every project that has the SDK installed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from djangalytics_client.testing import TrackedEvents, recorded


@pytest.fixture
def tracked_events() -> Iterator[TrackedEvents]:
    """What the test tracks with djangalytics; nothing is sent, and errors are raised."""
    with recorded() as tracked:
        yield tracked
