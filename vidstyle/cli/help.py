"""Help that shows what a user types, and no types of Python."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


def _untyped(params: list[Any]) -> list[Any]:
    """The parameters, of which the arguments and switches show no type: Typer would put `<list[str]>` behind
    the one, and `<bool>`, as if it took a word, behind the other."""
    for param in params:
        if param.param_type_name == "argument" or getattr(param, "is_bool_flag", False):
            param.display_type_rich = lambda *_, **__: None
    return params


class Command(TyperCommand):
    """A command whose help shows no types."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _untyped(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help shows no types."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _untyped(super().get_params(ctx))
