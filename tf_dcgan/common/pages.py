"""How the HTML pages of the package are made: from templates, with escapes."""

from __future__ import annotations

import jinja2


def environment(*packages: str) -> jinja2.Environment:
    """Makes an environment for the templates of packages.

    Everything that a template shows is escaped, and a name that a template
    does not get is an error.

    Args:
        *packages: the packages whose folder `templates` is searched, the
            first one first.
    """
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package) for package in packages]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
