"""Where the keys of a TOML document stand. `tomllib` reads values only; faults need lines.

The document has been read by `tomllib` before, so it is known to be valid.
"""

import tomllib

Path = tuple[str | int, ...]

BARE_ENDS = " \t=.]\r\n#"
OPENING, CLOSING = "[{", "]}"


def places(text: str) -> dict[Path, int]:
    r"""Line number of every key and table, from 1.

    Keys are paths such as ``("server", "port")``; elements of arrays of tables have their number
    in the path. What stands inside an array as a value has the line of its key.

    Example:
        >>> places('a = 1\n[t]\nb.c = {d = 2}\n')[("t", "b", "c", "d")]
        3
    """
    return _Reader(text).read()


class _Reader:
    """Walks through a document once."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self._found: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank():
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _step(self, count: int = 1) -> None:
        passed = self._text[self._at : self._at + count]
        self._line += passed.count("\n")
        self._at += count

    def _skip_blank(self) -> bool:
        """Skips space, line ends and comments; False at the end."""
        while sign := self._peek():
            if sign == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif sign in " \t\n":
                self._step()
            else:
                return True
        return False

    def _note(self, base: Path, keys: list[str], line: int) -> Path:
        """Notes a key and the tables above it that it makes."""
        path = base
        for key in keys:
            path = self._resolved((*path, key))
            self._found.setdefault(path, line)
        return path

    def _resolved(self, path: Path) -> Path:
        """The path with the number of the current element where it names an array of tables."""
        count = self._counts.get(path)
        return path if count is None else (*path, count - 1)

    def _header(self) -> Path:
        line = self._line
        is_array = self._text.startswith("[[", self._at)
        self._step(2 if is_array else 1)
        keys = self._keys()
        self._step(2 if is_array else 1)
        if not is_array:
            return self._note((), keys, line)
        path = (*self._note((), keys[:-1], line), keys[-1])
        self._found.setdefault(path, line)
        self._counts[path] = self._counts.get(path, 0) + 1
        element = self._resolved(path)
        self._found[element] = line
        return element

    def _pair(self, table: Path) -> None:
        line = self._line
        path = self._note(table, self._keys(), line)
        self._step()  # the equals sign
        self._value(path)

    def _keys(self) -> list[str]:
        """The parts of a dotted key, up to the sign that ends it."""
        keys = []
        while True:
            self._spaces()
            if self._peek() in "\"'":
                begin = self._at
                self._string()
                keys.append(str(tomllib.loads(f"v = {self._text[begin : self._at]}")["v"]))
            else:
                begin = self._at
                while self._peek() and self._peek() not in BARE_ENDS:
                    self._at += 1
                keys.append(self._text[begin : self._at])
            self._spaces()
            if self._peek() != ".":
                return keys
            self._step()

    def _spaces(self) -> None:
        while self._peek() and self._peek() in " \t":
            self._at += 1

    def _string(self) -> None:
        """Skips a string, whatever its quotes."""
        quote = self._peek()
        if self._text.startswith(quote * 3, self._at):
            self._step(3)
            while not self._text.startswith(quote * 3, self._at):
                self._step(2 if quote == '"' and self._peek() == "\\" else 1)
            self._step(3)
            while self._peek() == quote:  # up to two quotes may stand before the closing ones
                self._step()
            return
        self._step()
        while self._peek() != quote:
            self._step(2 if quote == '"' and self._peek() == "\\" else 1)
        self._step()

    def _value(self, path: Path) -> None:
        self._spaces()
        sign = self._peek()
        if sign == "{":
            self._inline(path)
        elif sign == "[":
            self._array()
        elif sign in "\"'":
            self._string()
        else:
            while self._peek() and self._peek() not in ",]}#\n":
                self._at += 1

    def _inline(self, path: Path) -> None:
        """Notes the keys of an inline table."""
        self._step()
        while self._skip_blank() and self._peek() != "}":
            if self._peek() == ",":
                self._step()
            else:
                self._pair(path)
        self._step()

    def _array(self) -> None:
        """Skips an array with all that is in it."""
        depth = 0
        while self._skip_blank():
            sign = self._peek()
            if sign in "\"'":
                self._string()
                continue
            depth += (sign in OPENING) - (sign in CLOSING)
            self._step()
            if depth == 0:
                return
