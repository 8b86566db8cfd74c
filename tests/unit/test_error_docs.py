"""docs/errors.md quotes every message of the program, each under its exit code, and no other.

The messages are read out of the source: every text that an error's `what` can become, with a hole
where a value goes. In the page a hole is a word in capitals: `PATH lacks the frames RANGES.`
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import failures
import pytest

from robust_matte import errors

HOLE = "\0"
LATER = "Python"  # the section of errors that no command ends with
WARNINGS = "Warnings"
NETWORK_ERRORS = {
    "CheckpointError": "5",  # keying turns it into WeightsDamagedError
    "NetworkError": LATER,
    "SegmentationMissingError": LATER,
    "StateError": LATER,
    "TrainConfigError": "2",  # cli/train.py gives these the exit codes
    "DataSetError": "3",
    "DivergenceError": "5",
    "RunFolderError": "6",
    "TrainingMemoryError": "5",
}
HOSTS = "Hosts"  # the section of what a node shows
HOST_ERRORS = dict.fromkeys(("WorkerMissing", "WorkerGone", "MessageError", "HostError"), HOSTS)
HOST_EVENTS = {"Failed", "Cancelled"}  # what the client says in place of a worker that is gone
MOVIE_LISTS = {"assumed", "found"}  # where movies collect what is odd about them

Function = ast.FunctionDef | ast.AsyncFunctionDef
Messages = dict[tuple[str, str], str]  # (section, text with holes) -> where it is made


# --- which texts an expression can become


class Sums(ast.NodeTransformer):
    """Writes `a += b` as `a = a + b`."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if not isinstance(node.target, ast.Name):
            return node
        total = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        return ast.copy_location(ast.Assign([node.target], total), node)


class Source:
    """One module, with what is needed to follow a text through it."""

    def __init__(self, text: str) -> None:
        self.tree = Sums().visit(ast.parse(text))
        nodes = list(ast.walk(self.tree))
        self._parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self.calls = [node for node in nodes if isinstance(node, ast.Call)]

    def texts(self, node: ast.expr, busy: frozenset[ast.expr] = frozenset()) -> set[str]:
        """Return every text an expression can become, with holes for what is known only later."""
        busy |= {node}
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=parts):
                return joined(self.texts(part, busy) for part in parts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return joined(self.texts(part, busy) for part in (left, right))
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.texts(value, busy)
            case ast.IfExp(body=yes, orelse=no):
                return self.texts(yes, busy) | self.texts(no, busy)
            case ast.Name():
                values = [value for value in self._values(node) if value not in busy]
                return set().union(*(self.texts(value, busy) for value in values)) or {HOLE}
        return {HOLE}

    def _values(self, name: ast.Name) -> list[ast.expr]:
        """Return what a name is given in the innermost scope that gives it something."""
        scope: ast.AST = name
        while scope is not self.tree:
            scope = self._parents[scope]
            if isinstance(scope, ast.Module | Function):
                found = [value for node in ast.walk(scope) for value in given(node, name.id)]
                found += self._arguments(scope, name.id) if isinstance(scope, Function) else []
                if found:
                    return found
        return []

    def _arguments(self, function: Function, name: str) -> list[ast.expr]:
        """Return what the module's own calls give a function for one parameter.

        One word, as in `_window("data", ...)`, is a value like those of other modules' calls.
        """
        places = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        if name not in places + [one.arg for one in function.args.kwonlyargs]:
            return []
        places = places[1:] if places[:1] in (["self"], ["cls"]) else places
        found = []
        for call in self.calls:
            arguments = call.args
            if called(call) == "partial" and arguments and spoken(arguments[0]) == function.name:
                arguments = arguments[1:]
            elif called(call) != function.name:
                continue
            by_place = dict(zip(places, arguments, strict=False))
            by_name = {word.arg: word.value for word in call.keywords}
            found += [given[name] for given in (by_place, by_name) if name in given]
        return [value for value in found if not is_word(value)]

    def handled(self, name: str) -> str:
        """Return the class of the errors that an `except ... as name` catches."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ExceptHandler) and node.name == name and node.type:
                return spoken(node.type)
        return ""

    def returned(self, name: str) -> list[ast.expr]:
        """Return what a function of this module gives back."""
        functions = (node for node in ast.walk(self.tree) if isinstance(node, Function))
        nodes = (node for one in functions if one.name == name for node in ast.walk(one))
        return [node.value for node in nodes if isinstance(node, ast.Return) and node.value]


def given(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """Yield the values that one statement or `:=` gives a name."""
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
            yield value
        case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
            yield value
        case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
            yield value
        case ast.For(target=ast.Tuple(elts=targets), iter=ast.Tuple(elts=rows)):
            for index, part in enumerate(targets):
                if spoken(part) == name:
                    yield from (row.elts[index] for row in rows if isinstance(row, ast.Tuple))


def joined(parts: Iterable[set[str]]) -> set[str]:
    """Put the texts of parts after each other; an optional rest of a value is part of its hole."""
    texts = {""}
    for part in parts:
        if "" not in part or not all(text.endswith(HOLE) for text in texts):
            texts = {re.sub(f"{HOLE}+", HOLE, text + more) for text in texts for more in part}
    return texts


def spoken(node: ast.expr) -> str:
    """Return `b` for the expressions `b` and `a.b`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_word(node: ast.expr) -> bool:
    """Return whether an expression is a constant of one word."""
    return isinstance(node, ast.Constant) and re.fullmatch(r"\w+", str(node.value)) is not None


def called(call: ast.Call) -> str:
    return spoken(call.func)


# --- which messages a module has


def section_of(name: str, call: ast.Call) -> str | None:
    """Return the section of an error by its class, or None for any other call."""
    if name == "InstallError":
        codes = [word.value for word in call.keywords if word.arg == "exit_code"]
        code = getattr(failures, spoken(codes[0]), None) if codes else failures.EXIT_HOST
        return str(code or ast.literal_eval(codes[0]))
    if name in errors.__all__:
        return str(getattr(errors, name).exit_code)
    return (NETWORK_ERRORS | HOST_ERRORS).get(name)


def messages(text: str, place: str = "") -> Messages:
    """Return every message that a module's errors and warnings can show."""
    source = Source(text)
    found: Messages = {}
    for call in source.calls:
        name = called(call)
        if isinstance(call.func, ast.Call) and called(call.func) == "type":
            name = source.handled(spoken(call.func.args[0]))
        words = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "what")]
        section = section_of(name, call)
        if not words or (spoken(words[0]) == "what" and isinstance(words[0], ast.Attribute)):
            continue  # another error's message, which is quoted where that is made
        texts = source.texts(words[0]) if section else warnings_of(source, call)
        for one in texts - {""} - (set() if section else {HOLE}):
            found[section or WARNINGS, one] = f"{place}:{call.lineno}"
    return found


def warnings_of(source: Source, call: ast.Call) -> set[str]:
    """Return the texts of a call that warns."""
    owner = spoken(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if called(call) == "warning" and owner == "log":
        return {re.sub("%[rsd]", HOLE, text) for text in source.texts(call.args[0])}
    if called(call) == "Warned":
        return source.texts(call.args[0])
    if called(call) == "append" and owner in MOVIE_LISTS:
        made = call.args[0]
        values = source.returned(called(made)) if isinstance(made, ast.Call) else [made]
        return set().union(*map(source.texts, values))
    return set()


def told_by_hosts(text: str, place: str) -> Messages:
    """Return what the client raises, and says in events that no worker sent: with `what` named."""
    raised = {key: at for key, at in messages(text, place).items() if key[0] == HOSTS}
    source = Source(text)
    return raised | {
        (HOSTS, one): f"{place}:{call.lineno}"
        for call in source.calls
        if called(call) in HOST_EVENTS and not call.args
        for word in call.keywords
        if word.arg == "what"
        for one in source.texts(word.value)
    }


def refusals(text: str) -> Messages:
    """Return what install/bootstrap.py says of a Python that will not do; it can raise nothing."""
    source = Source(text)
    values = (value for node in ast.walk(source.tree) for value in given(node, "what"))
    return {("7", one): "bootstrap.py" for value in values for one in source.texts(value)}


# --- what the page quotes


def quotes(page: str) -> list[tuple[str, str]]:
    """Return (section, message) for every quoted message of the page."""
    found, section = [], ""
    for line in page.splitlines():
        if match := re.match(r"## (\w+)", line):
            section = match[1]
        elif match := re.fullmatch(r"> `(.+)`", line):
            found.append((section, match[1]))
    return found


def fits(message: tuple[str, str], quote: tuple[str, str]) -> bool:
    """Return whether a quote is this message, with words in capitals for its values."""
    pattern = "[A-Z]+".join(map(re.escape, message[1].split(HOLE)))
    return message[0] == quote[0] and re.fullmatch(pattern, quote[1]) is not None


def unquoted(found: Messages, page: str) -> list[str]:
    """Return the messages that the page lacks, with exit code and place."""
    told = quotes(page)
    return [
        f"{place} ({section}): {text.replace(HOLE, '…')}"
        for (section, text), place in found.items()
        if not any(fits((section, text), quote) for quote in told)
    ]


def stale(found: Messages, page: str) -> list[str]:
    """Return the quotes that no message fits, with their sections."""
    return [
        f"{section}: {text}"
        for section, text in quotes(page)
        if not any(fits(message, (section, text)) for message in found)
    ]


@pytest.fixture(scope="module")
def found(root: Path) -> Messages:
    """Every message of the engine, the network, the bootstrap and what runs in hosts."""
    made: Messages = {}
    for folder in ("plugin/robust_matte", "rvm/robust_matte_rvm", "install"):
        for path in sorted((root / folder).rglob("*.py")):
            made |= messages(path.read_text("utf-8"), path.relative_to(root).as_posix())
    for path in sorted((root / "nodes").rglob("*.py")):
        made |= told_by_hosts(path.read_text("utf-8"), path.relative_to(root).as_posix())
    return made | refusals((root / "install" / "bootstrap.py").read_text("utf-8"))


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "errors.md").read_text("utf-8")


def test_every_message_is_quoted_under_its_exit_code(found: Messages, page: str) -> None:
    lacking = unquoted(found, page)
    assert lacking == [], "\n".join(lacking)


def test_every_quote_is_a_message_of_the_program(found: Messages, page: str) -> None:
    gone = stale(found, page)
    assert gone == [], "\n".join(gone)


def test_no_message_is_quoted_twice(page: str) -> None:
    told = quotes(page)
    assert [quote for quote in set(told) if told.count(quote) > 1] == []


def test_every_quoted_error_has_a_way_out(page: str) -> None:
    before_warnings = page.partition(f"\n## {WARNINGS}")[0]
    groups = re.findall(r"(?:^> `.+`\n\n?)+(?P<told>(?:^[^>#\n].*\n)*)", before_warnings, re.M)
    assert len(groups) > 20
    assert [told for told in groups if "**Way out:**" not in told] == []


def test_every_link_within_the_page_leads_to_a_heading(page: str) -> None:
    headings = re.findall(r"^#+ (.+)$", page, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert len(links) > 5
    assert set(links) - anchors == set()


def test_the_table_of_exit_codes_is_the_classes(page: str) -> None:
    codes = {getattr(errors, name).exit_code for name in errors.__all__} | {0, failures.EXIT_HOST}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.M)} == codes
    sections = {section for section, _ in quotes(page)} - {LATER, WARNINGS, HOSTS}
    assert sections == {str(code) for code in codes - {0, 1}}


BUILDER = "def build(why): return WriteError(f'{p} is bad: {why}.', hint='b')\n"


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        pytest.param("raise WriteError('a b.', hint='c')", {"a b."}, id="plain"),
        pytest.param("raise errors.WriteError('a b.', hint='c')", {"a b."}, id="module prefix"),
        pytest.param("raise WriteError(what='a b.', hint='c')", {"a b."}, id="by name"),
        pytest.param(
            "raise WriteError(\n    f'{x!r} is '\n    'gone.'\n)", {"\0 is gone."}, id="implicit"
        ),
        pytest.param("raise WriteError('a ' + x + ' b')", {"a \0 b"}, id="sum"),
        pytest.param("raise WriteError('a' if x else f'b {y}')", {"a", "b \0"}, id="choice"),
        pytest.param(
            "def f():\n  if x: what = 'a'\n  else: what = 'b'\n  raise WriteError(what)",
            {"a", "b"},
            id="variable",
        ),
        pytest.param(
            "def f():\n  t = 'a' if x else 'b'\n  t = t if y else f'{z} c'\n"
            "  raise WriteError(f'Is {t}.')",
            {"Is a.", "Is b.", "Is \0 c."},
            id="variable of itself",
        ),
        pytest.param(
            "def f():\n  t = 'a'\n  t += ' b'\n  raise WriteError(t)", {"a", "a b"}, id="added to"
        ),
        pytest.param(
            "raise WriteError(f\"{x}{' and more' if y else ''}.\")", {"\0."}, id="optional rest"
        ),
        pytest.param(
            "raise WriteError(f\"It{' really' if y else ''} is.\")",
            {"It really is.", "It is."},
            id="optional words",
        ),
        pytest.param(
            "for label, names in (('lacks', a), ('has', b)):\n  raise WriteError(f'{p} {label}.')",
            {"\0 lacks.", "\0 has."},
            id="loop",
        ),
        pytest.param(
            BUILDER + "raise build('torn off')\nraise build(f'{n} bytes')",
            {"\0 is bad: torn off.", "\0 is bad: \0 bytes."},
            id="builder",
        ),
        pytest.param(
            BUILDER + "partial(build, 'torn off')", {"\0 is bad: torn off."}, id="partial"
        ),
        pytest.param(
            BUILDER.replace("build(why)", "build(self, why)") + "self.build(why='torn off')",
            {"\0 is bad: torn off."},
            id="method",
        ),
        pytest.param(BUILDER, {"\0 is bad: \0."}, id="builder that others call"),
        pytest.param(BUILDER + "build('torn')", {"\0 is bad: \0."}, id="word given to a builder"),
        pytest.param(
            "try: f()\nexcept WriteError as e: raise type(e)(f'At {n}: {e.what}')",
            {"At \0: \0"},
            id="same class",
        ),
        pytest.param("raise WriteError(error.what, hint=error.hint)", set(), id="handed on"),
        pytest.param("raise WriteError(text(x))", {"\0"}, id="opaque"),
        pytest.param("print('a b.')", set(), id="no error"),
    ],
)
def test_messages_are_found_however_they_are_written(text: str, texts: set[str]) -> None:
    assert messages(text).keys() == {("6", one) for one in texts}


@pytest.mark.parametrize(
    ("text", "section"),
    [
        pytest.param("MissingFramesError('a')", "4", id="engine"),
        pytest.param("CheckpointError('a', 'b')", "5", id="weights"),
        pytest.param("StateError('a', 'b')", LATER, id="network"),
        pytest.param("InstallError('a', hint='b')", "7", id="bootstrap"),
        pytest.param("InstallError('a', hint='b', exit_code=EXIT_USAGE)", "2", id="its usage"),
        pytest.param("InstallError('a', hint='b', exit_code=2)", "2", id="in digits"),
        pytest.param("Warned('a')", WARNINGS, id="warning"),
        pytest.param("log.warning('a', x)", WARNINGS, id="logged"),
        pytest.param("assumed.append('a')", WARNINGS, id="assumed"),
        pytest.param("found.append(f(x))\ndef f(x): return 'a'", WARNINGS, id="by function"),
    ],
)
def test_messages_belong_to_the_exit_code_of_their_class(text: str, section: str) -> None:
    assert messages(text).keys() == {(section, "a")}


PLANTED = """
def f(path, count):
    raise WriteError(
        f"{path.absolute()} holds "
        f"{count:,} planted frames.",
        hint="Pull them out.",
    )
"""


def test_a_planted_message_is_reported_until_it_is_quoted(page: str) -> None:
    planted = messages(PLANTED, "planted.py")
    report = ["planted.py:3 (6): … holds … planted frames."]
    assert unquoted(planted, page) == report
    quote = "> `PATH holds COUNT planted frames.`\n"
    assert unquoted(planted, page.replace("\n## 7", f"\n{quote}\n## 7")) == []
    assert unquoted(planted, page.replace("\n## 6", f"\n{quote}\n## 6")) == report
    assert unquoted(planted, f"{page}\nPATH holds COUNT planted frames.\n") == report


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("PATH holds COUNT planted frames.", id="never there"),
        pytest.param("Stopped", id="cut short"),
        pytest.param("Stopped. Go on.", id="longer"),
    ],
)
def test_a_planted_quote_is_reported_as_stale(found: Messages, page: str, quote: str) -> None:
    assert stale(found, page.replace("\n## 130", f"\n## 130\n\n> `{quote}`\n\n## 130")) == [
        f"130: {quote}"
    ]
