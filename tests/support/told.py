"""What the program tells its user unasked, read from its source.

A template is such a text with `…` in the place of what is filled in.
"""

import ast
import functools
import re

# What holds lines for the user: a variable, an attribute, an argument or a
# function with one of these words in its name.
_HOLDER = re.compile(r"(^|_)(notes?|warnings?)(_|$)")
_ARGUMENT = re.compile(r"notes|warnings")
_TOLD = re.compile(r"(note|warning): ")
# How a warning of a metric begins, such as `few_samples: `.
_NAMED = re.compile(r"[a-z]+(_[a-z]+)+: ")


def templates(source, *, is_metric=False):
    """Lists the notes and warnings of a module.

    Args:
        source: the module's text.
        is_metric: whether it is a module of `metrics/`, whose warnings have a
            name in front, also where they stand in constants.

    Returns:
        Their templates, sorted, without `note: ` or `warning: ` in front.
    """
    tree, nodes = _parsed(source)
    lines = [line for node in nodes for line in _lines_of(node)]
    notices = {
        text for line in [*lines, *_named(lines, tree)] for text in _texts(line)
    }
    notices |= {
        text
        for text in texts(source)
        if _TOLD.match(text) or (is_metric and _NAMED.match(text))
    }
    notices = {_TOLD.sub("", text, count=1) for text in notices}
    return sorted(text for text in notices if len(re.findall(r"\w+", text)) > 1)


@functools.cache
def texts(source):
    """Lists the templates of all strings of a module that are no docstrings."""
    return sorted(set(_texts(_parsed(source)[0])))


def kinds(source):
    """Lists the first strings of the pairs that a module's functions yield."""
    return sorted(
        {
            node.value.elts[0].value
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Yield)
            and isinstance(node.value, ast.Tuple)
            and isinstance(node.value.elts[0], ast.Constant)
        }
    )


@functools.cache
def _parsed(source):
    """Returns a module's tree without docstrings, and all its nodes."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return tree, nodes


def _lines_of(node):
    """Yields the expressions that become lines for the user."""
    if isinstance(node, ast.Assign):
        if any(map(_is_holder, node.targets)):
            yield node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        if _is_holder(node.target) and node.value:
            yield node.value
    elif isinstance(node, ast.keyword):
        if _ARGUMENT.fullmatch(node.arg or ""):
            yield node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("append", "extend"):
            if _is_holder(node.func.value):
                yield from node.args
        elif node.func.attr == "warning":  # Of `absl.logging`.
            yield from node.args[:1]
    elif isinstance(node, ast.FunctionDef) and _HOLDER.search(node.name):
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return | ast.Yield) and inner.value:
                yield inner.value


def _named(lines, tree):
    """Lists what functions and constants of the module add to the lines."""
    names = {
        node.id
        for line in lines
        for node in _outside_of_texts(line)
        if isinstance(node, ast.Name)
    }
    added = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            added += [
                inner.value
                for inner in ast.walk(node)
                if isinstance(inner, ast.Return) and inner.value
            ]
        elif isinstance(node, ast.Assign) and names & {
            getattr(target, "id", None) for target in node.targets
        }:
            added.append(node.value)
    return added


def _outside_of_texts(node):
    yield node
    if _template(node) is None:
        for child in ast.iter_child_nodes(node):
            yield from _outside_of_texts(child)


def _is_holder(node):
    name = getattr(node, "id", getattr(node, "attr", ""))
    return bool(_HOLDER.search(name))


def _texts(node):
    """Yields the templates of the strings in an expression, each whole."""
    whole = _template(node)
    if whole is not None:
        yield whole
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def _template(node):
    """Returns the template of a string, or None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[sd]", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            each.value if isinstance(each, ast.Constant) else "…"
            for each in node.values
        )
    if isinstance(node, ast.BinOp):
        left, right = map(_template, (node.left, node.right))
        if isinstance(node.op, ast.Mult):  # A text that is said or not.
            return left if right is None else right
        if isinstance(node.op, ast.Add) and None not in (left, right):
            return left + right
    return None
