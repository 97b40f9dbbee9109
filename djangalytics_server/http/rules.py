"""The rules of the URL map, made ready for requests alone until somebody asks for more."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


class RequestRule(Rule):
    """A rule whose way back, from an endpoint to its path, is compiled when it is first gone.

    Flask compiles it for every rule, which is nine tenths of what making the application takes;
    the server itself never goes that way.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Stands in for the builder, which takes the rule and the values of its variables."""
        make = super()._compile_builder
        made: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: str) -> tuple[str, str]:
            if not made:
                made.append(make(append_unknown))
            return made[0](rule, **values)

        return build
