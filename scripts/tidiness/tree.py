"""The tree that scripts/tidy looks at: its files, its crates, and Rust text with its literals blanked.

It knows how to read and nothing about what is tidy.
"""

import json
import os
import re
import subprocess
from pathlib import Path


class Tree:
    """The files of a checkout (tracked or new, not ignored) and its crates."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.paths = [path for path in self._list() if (self.root / path).is_file()]
        self.texts = {path: text for path in self.paths if (text := self._read(path)) is not None}
        self.rust = {path: Rust(text) for path, text in self.texts.items() if path.endswith(".rs")}
        self.crates = [Crate(self, package) for package in self._metadata()["packages"]]

    def _list(self):
        if (self.root / ".git").exists():
            command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            listed = subprocess.run(command, cwd=self.root, stdout=subprocess.PIPE, check=True).stdout
            return sorted(set(listed.decode().split("\0")) - {""})
        found = (path.relative_to(self.root) for path in self.root.rglob("*"))
        return sorted(str(path) for path in found if path.parts[0] != "target")

    def _read(self, path):
        content = (self.root / path).read_bytes()
        return None if b"\0" in content else content.decode("utf-8", "replace")

    def _metadata(self):
        command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit("tidy: cargo cannot read the manifests:\n" + done.stderr.strip())
        return json.loads(done.stdout)

    def lines(self, path):
        return enumerate(self.texts[path].split("\n"), start=1)


class Crate:
    """One package: its folder, its name, and its dependencies with their line in the manifest."""

    def __init__(self, tree, package):
        self.manifest = os.path.relpath(package["manifest_path"], tree.root)
        self.folder = os.path.dirname(self.manifest)
        self.top = self.folder.split("/")[0]
        self.name = package["name"]
        self.lines = tree.texts[self.manifest].split("\n")
        self.dependencies = [Dependency(tree, self, each) for each in package["dependencies"]]

    def line_of(self, pattern, section):
        """The first line that matches in, or is, the header of a table called `section`; else 1."""
        header = ""
        for number, line in enumerate(self.lines, start=1):
            if line.startswith("["):
                header = line
            if re.search(rf"[\[.]{section}\b", header) and re.search(pattern, line):
                return number
        return 1


class Dependency:
    """What a manifest asks for: `kind` is "normal", "dev" or "build"; `top` only for our own crates."""

    def __init__(self, tree, crate, asked):
        self.name = asked["name"]
        self.kind = asked["kind"] or "normal"
        key = re.escape(asked["rename"] or self.name)
        section = "dependencies" if self.kind == "normal" else self.kind + "-dependencies"
        self.line = crate.line_of(rf'^\s*"?{key}"?\s*[.=]|dependencies\.{key}\]', section)
        path = os.path.relpath(asked["path"], tree.root) if asked.get("path") else ""
        self.top = path.split("/")[0]


class Rust:
    """One Rust file: `code` is its text with comments, strings and characters blanked out, so that a
    brace or a word found in it is code. Same length, same lines."""

    LITERAL = re.compile(
        r"""//[^\n]*
        | /\*
        | (?<!\w)(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)
        | "(?:\\.|[^"\\])*"
        | '(?:\\(?:x..|u\{[^}]*\}|.)|[^'\\\n])'
        """,
        re.S | re.X,
    )

    def __init__(self, text):
        self.text = text
        self.code = self._blank(text)
        self.closing = self._braces()  # where the brace that opens at an offset closes
        self.test_lines = self._test_lines()

    def _blank(self, text):
        kept, at = [], 0
        while match := self.LITERAL.search(text, at):
            end = self._comment_end(text, match.end()) if match.group() == "/*" else match.end()
            kept.append(text[at : match.start()])
            kept.append(re.sub(r"[^\n]", " ", text[match.start() : end]))
            at = end
        return "".join(kept) + text[at:]

    @staticmethod
    def _comment_end(text, at):
        depth = 1  # block comments nest
        for match in re.finditer(r"/\*|\*/", text[at:]):
            depth += 1 if match.group() == "/*" else -1
            if depth == 0:
                return at + match.end()
        return len(text)

    def _braces(self):
        closing, open_braces = {}, []
        for match in re.finditer(r"[{}]", self.code):
            if match.group() == "{":
                open_braces.append(match.start())
            elif open_braces:
                closing[open_braces.pop()] = match.start()
        return closing

    def line_at(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def functions(self):
        """(name, first line, last line) of every function that has a body."""
        for match in re.finditer(r"\bfn\s+(\w+)", self.code):
            body = self._body(match.end())
            if body in self.closing:
                yield match.group(1), self.line_at(match.start()), self.line_at(self.closing[body])

    def _body(self, at):
        depth = 0  # of parentheses and brackets: `[u8; 4]` in a signature does not end it
        for match in re.finditer(r"[()\[\]{;]", self.code[at:]):
            if match.group() in "([":
                depth += 1
            elif match.group() in ")]":
                depth -= 1
            elif depth == 0:
                return at + match.start() if match.group() == "{" else None
        return None

    def _test_lines(self):
        """The numbers of the lines inside `#[cfg(test)] mod name { ... }`."""
        lines = set()
        for match in re.finditer(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:pub\s+)?mod\s+\w+\s*\{", self.code):
            first, last = match.start(), self.closing.get(match.end() - 1, len(self.code))
            lines.update(range(self.line_at(first), self.line_at(last) + 1))
        return lines
