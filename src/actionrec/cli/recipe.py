"""``actionrec recipe``: a published system as arguments of ``dvc exp run``."""

from __future__ import annotations

import argparse

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.cli.recipes import as_arguments, read_recipe, recipe_names


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "recipe",
        "print a published system as arguments of dvc exp run",
        examples=[
            "actionrec recipe",
            "dvc exp run $(actionrec recipe b) -S data.root=/path/to/UCF-101 -S data.annotations=/path/to/lists",
        ],
    )
    parser.add_argument("name", nargs="?", help="list all recipes where it is left out")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print one recipe, or what each is about."""
    if arguments.name is not None:
        recipe = read_recipe(arguments.name)
        print_json(recipe) if arguments.json else print(as_arguments(recipe))
        return
    recipes = [read_recipe(name) for name in recipe_names()]
    if arguments.json:
        print_json(recipes)
        return
    for recipe in recipes:
        print(f"{recipe.name:<16} {recipe.about}")
