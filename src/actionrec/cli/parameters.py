"""``actionrec params``: what each key of params.yaml means, what is legal, and what stands there."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.core.errors import ActionrecError, did_you_mean
from actionrec.params import PARAMS_FILE, Params

_INTRODUCTION = """\
# Parameters

Made by `actionrec params --markdown` from the types that check `params.yaml`; a test compares. `actionrec params train`
prints a section, `actionrec params train.lr` one key. A change is `dvc exp run -S train.lr=1e-4`; a key that
`params.yaml` does not hold yet takes a `+` (`-S +train.momentum=0.8`), and one that nobody knows stops the run.
"""
_OF_NAMES = {"pack": "VIEW", "features": "VIEW"}
"""Sections that hold sections by names of one's own."""


@dataclass(frozen=True)
class Parameter:
    """One key."""

    key: str
    """With the type of model in place of its name, as ``models.cnn3d.clip_frames``."""
    legal: str
    default: str
    """Empty where ``params.yaml`` has to hold the key."""
    shipped: str
    """What stands in ``params.yaml``; empty where nothing does, and where names are one's own."""
    meaning: str


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "params",
        "explain the keys of params.yaml: meaning, what is legal, what stands there",
        examples=["actionrec params train", "actionrec params train.lr", "actionrec params models.keypoint_conv"],
    )
    parser.add_argument("key", nargs="?", default="", help="a section or a key (default: all)")
    parser.add_argument("--markdown", action="store_true", help="print all as docs/parameters.md")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the keys at or below the one that was named."""
    found = list(parameters())
    if arguments.markdown:
        print(markdown(found), end="")
        return
    key = _general(arguments.key)
    below = [one for one in found if f"{one.key}.".startswith(f"{key}." if key else "")]
    if not below:
        known = {prefix for one in found for prefix in _prefixes(one.key)}
        near = did_you_mean(key, known) or f"; the sections are {', '.join(Params.model_fields)}"
        raise ActionrecError(f"no parameter {arguments.key!r}{near}")
    if arguments.json:
        print_json(below)
        return
    for one in below:
        stands = f", {one.shipped} in {PARAMS_FILE}" if one.shipped else ""
        default = f", default {one.default}" if one.default else ""
        print(f"{one.key}: {one.legal}{default}{stands}")
        if one.meaning:
            print(f"    {one.meaning}")


def _general(key: str) -> str:
    """``pack.rgb.size`` as ``pack.VIEW.size``, ``models.keypoint_lstm`` as ``models.feature_sequence``."""
    section, _, rest = key.partition(".")
    name, dot, last = rest.partition(".")
    if name and section in _OF_NAMES:
        return f"{section}.{_OF_NAMES[section]}{dot}{last}"
    if name and section == "models":
        return f"models.{_shipped().get('models', {}).get(name, {}).get('type', name)}{dot}{last}"
    return key


def _shipped() -> dict[str, Any]:
    """What stands in ``params.yaml``; nothing outside a checkout."""
    if not PARAMS_FILE.exists():
        return {}
    found: dict[str, Any] = YAML(typ="safe").load(PARAMS_FILE.read_text(encoding="utf-8"))
    return found


def _prefixes(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def parameters() -> Iterator[Parameter]:
    """Every key, in the order of ``params.yaml``; imports torch, for the models' own."""
    from actionrec.models.table import MODELS, kind_of

    shipped = _shipped()
    for name, field in Params.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _section(kind, name, shipped.get(name) or {})
        elif name in _OF_NAMES:
            yield from _section(get_args(kind)[1], f"{name}.{_OF_NAMES[name]}", {})
        elif name == "models":
            for type_name in MODELS:
                yield from _section(kind_of(type_name).section, f"models.{type_name}", {})
        else:
            yield next(row for row in _section(Params, "", shipped) if row.key == name)


def _section(section: type[BaseModel], name: str, shipped: dict[str, Any]) -> Iterator[Parameter]:
    legal = section.model_json_schema()["properties"]
    for key, field in section.model_fields.items():
        default = field.get_default(call_default_factory=True)
        yield Parameter(
            key=f"{name}.{key}" if name else key,
            legal=_legal(legal[key]),
            default="" if default is PydanticUndefined else _written(default),
            shipped=_written(shipped[key]) if key in shipped else "",
            meaning=_meaning(section, key),
        )


def _meaning(section: type[BaseModel], key: str) -> str:
    """Its docstring as one line; a section that narrows a key of another need not say again what it is."""
    described = (base.model_fields.get(key) for base in section.__mro__ if issubclass(base, BaseModel))
    text = next((field.description for field in described if field and field.description), "")
    plain = re.sub(r":\w+:`([^`]+)`", r"``\1``", " ".join(text.split()))
    return plain.replace("``", "`")


def _legal(schema: dict[str, Any]) -> str:
    """What a JSON schema allows, in a few words."""
    if choices := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return " or ".join(_written(choice) for choice in choices)
    if options := schema.get("anyOf"):
        return " or ".join(_legal(option) for option in options)
    kind = {"string": "text", "boolean": "true or false", "null": "null", "object": "a section"}
    match schema.get("type"):
        case "array":
            return f"list of: {_legal(schema.get('items', {}))}"
        case "integer" | "number" as number:
            limits = [
                f"{sign} {schema[name]:g}"
                for name, sign in (
                    ("exclusiveMinimum", ">"), ("minimum", ">="), ("exclusiveMaximum", "<"), ("maximum", "<="),
                )
                if name in schema
            ]  # fmt: skip
            return " ".join([number, " and ".join(limits)]).strip()
        case other:
            return kind.get(str(other), "anything")


def _written(value: Any) -> str:
    """As YAML has it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict):
        return "{}" if not value else "{...}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return "''" if value == "" else str(value)


def markdown(rows: list[Parameter]) -> str:
    """The page: a table a section."""
    lines = [_INTRODUCTION]
    section = None
    for row in rows:
        name, _, key = row.key.rpartition(".")
        if name != section:
            section = name
            lines.append(
                f"\n## {_title(name)}\n\n| key | legal | default | params.yaml | meaning |\n|---|---|---|---|---|\n"
            )
        cells = (f"`{key}`", row.legal, _code(row.default), _code(row.shipped), row.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join(lines)


def _title(section: str) -> str:
    if section.startswith("models."):
        return f"`models.NAME` of `type: {section.removeprefix('models.')}`"
    return f"`{section}`" if section else "Top"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
