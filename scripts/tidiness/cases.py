"""The cases of `scripts/tidy --self-test`: every rule's violations, planted one by one in a small tree, and the
look-alikes that must pass. It tests what tidy finds, not how its findings are worded."""

import os
import tempfile
from pathlib import Path

HEAD = "//! What this file is.\n"

# Built from halves: tidy looks through this file as well.
HOST = "crates" + ".io"
PLACE = "/wo" + "rk/"
ROOT_PLACE = "/ro" + "ot/"
TAB = "\t"


def manifest(name, *lines):
    return '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n\n{}\n'.format(
        name, "\n".join(lines)
    )


def script(line):
    return "#!/bin/sh\n{}\n".format(line)


def function(lines):
    """A function of so many lines, the first and last included."""
    return "fn long(bytes: [u8; 4]) -> u8\n" + "where\n" + "{\n" + "    ();\n" * (lines - 4) + "}\n"


# A tree in which everything is as it should be. Dependency lines in manifests start at line 7.
CLEAN = {
    "Cargo.toml": "[workspace]\nmembers = [\n"
    + "".join(
        '    "{}",\n'.format(each)
        for each in (
            "schemas/records",
            "topics/log",
            "agents/join",
            "agents/model-http",
            "infra/cli",
            "tests/kit",
        )
    )
    + "]\n",
    "schemas/records/Cargo.toml": manifest("schemas-records"),
    "topics/log/Cargo.toml": manifest(
        "topics-log", "[dependencies]", 'schemas-records = { path = "../../schemas/records" }'
    ),
    "agents/join/Cargo.toml": manifest(
        "agents-join", "[dependencies]", 'topics-log = { path = "../../topics/log" }'
    ),
    "agents/model-http/Cargo.toml": manifest("agents-model-http", "[dependencies]", 'reqwest = "0.13"'),
    "infra/cli/Cargo.toml": manifest(
        "tributary", "[dependencies]", 'agents-join = { path = "../../agents/join" }'
    ),
    "tests/kit/Cargo.toml": manifest(
        "tests-kit", "[dependencies]", 'tributary = { path = "../../infra/cli" }', 'rdkafka = "0.39"'
    ),
    "schemas/records/src/lib.rs": HEAD,
    "topics/log/src/lib.rs": HEAD,
    "agents/join/src/lib.rs": HEAD,
    "agents/model-http/src/lib.rs": HEAD,
    "infra/cli/src/main.rs": HEAD + "fn main() {}\n",
    "tests/kit/src/lib.rs": HEAD,
    "scripts/demo": script("echo Usage: demo"),
    "Cargo.lock": "https://github.com/rust-lang/{}-index".format(HOST),
}

JOIN = "agents/join/Cargo.toml"
LIB = "topics/log/src/lib.rs"
TESTS = "topics/log/src/tests.rs"
RECORDS = "schemas/records/Cargo.toml"
ON_JOIN = 'agents-join = { path = "../../agents/join" }'
ON_KIT = 'tests-kit = { path = "../../tests/kit" }'

# (what it shows, files to plant, [(path, line, rule)] to be found and nothing else)
CASES = [
    ("the clean tree passes", {}, []),
    # house
    (
        "an earlier room may not use a later one",
        {RECORDS: manifest("schemas-records", "[dependencies]", ON_JOIN)},
        [(RECORDS, 7, "house")],
    ),
    (
        "not under another name either",
        {
            RECORDS: manifest(
                "schemas-records",
                "[dependencies]",
                'join = { package = "agents-join", path = "../../agents/join" }',
            )
        },
        [(RECORDS, 7, "house")],
    ),
    (
        "nor in a section of its own",
        {RECORDS: manifest("schemas-records", "[dependencies.agents-join]", 'path = "../../agents/join"')},
        [(RECORDS, 6, "house")],
    ),
    (
        "nor for one platform only",
        {RECORDS: manifest("schemas-records", '[target."cfg(unix)".dependencies]', ON_JOIN)},
        [(RECORDS, 7, "house")],
    ),
    (
        "nor while building",
        {RECORDS: manifest("schemas-records", "[build-dependencies]", ON_JOIN)},
        [(RECORDS, 7, "house")],
    ),
    (
        "nothing but tests may use tests",
        {JOIN: manifest("agents-join", "[dependencies]", ON_KIT)},
        [(JOIN, 7, "house")],
    ),
    (
        "a dev-dependency may look ahead",
        {RECORDS: manifest("schemas-records", "[dev-dependencies]", ON_JOIN, ON_KIT)},
        [],
    ),
    (
        "the finding names the line of its own section",
        {RECORDS: manifest("schemas-records", "[dev-dependencies]", ON_JOIN, "", "[dependencies]", ON_JOIN)},
        [(RECORDS, 10, "house")],
    ),
    # doors
    (
        "rdkafka has one door",
        {JOIN: manifest("agents-join", "[dependencies]", 'rdkafka = "0.39"', 'rdkafka-sys = "4"')},
        [(JOIN, 7, "doors"), (JOIN, 8, "doors")],
    ),
    (
        "a door is no door for dev-dependencies",
        {JOIN: manifest("agents-join", "[dev-dependencies]", 'axum = "0.8"')},
        [(JOIN, 7, "doors")],
    ),
    (
        "exporters belong to telemetry",
        {
            JOIN: manifest(
                "agents-join",
                "[dependencies]",
                'opentelemetry-otlp = "1"',
                'tracing-subscriber = "1"',
                'tracing-opentelemetry = "1"',
                'metrics-exporter-prometheus = "1"',
                'tracing = "1"',
                'metrics = "1"',
            )
        },
        [(JOIN, line, "doors") for line in (7, 8, 9, 10)],
    ),
    (
        "fjall and scylla belong to the stores",
        {JOIN: manifest("agents-join", "[dependencies]", 'fjall = "3"', 'scylla = "1"')},
        [(JOIN, 7, "doors"), (JOIN, 8, "doors")],
    ),
    (
        "reqwest, renamed, is still reqwest",
        {JOIN: manifest("agents-join", "[dependencies]", 'http = { package = "reqwest", version = "0.13" }')},
        [(JOIN, 7, "doors")],
    ),
    # names and members
    (
        "a crate wears its path",
        {JOIN: manifest("agents-joins"), "infra/cli/Cargo.toml": manifest("tributary")},
        [(JOIN, 2, "names")],
    ),
    (
        "members stand in the order of the house",
        {
            "Cargo.toml": CLEAN["Cargo.toml"]
            .replace('    "schemas/records",\n', "")
            .replace("\n]", '\n    "schemas/records",\n]')
        },
        [("Cargo.toml", 8, "members")],
    ),
    (
        "every member lies in a room",
        {
            "Cargo.toml": CLEAN["Cargo.toml"].replace(
                "members = [\n", 'members = [\n    # "no/thing"\n    "attic/box",\n'
            ),
            "attic/box/Cargo.toml": manifest("attic-box"),
            "attic/box/src/lib.rs": HEAD,
        },
        [("Cargo.toml", 4, "members")],
    ),
    # opening, long_file, long_function
    (
        "a file opens with what it is",
        {LIB: "// a comment\n", TESTS: "\n" + HEAD},
        [(LIB, 1, "opening"), (TESTS, 1, "opening")],
    ),
    ("500 lines are enough", {LIB: HEAD * 501, "topics/log/src/b.rs": HEAD * 500}, [(LIB, 501, "long_file")]),
    ("tables of cases may be longer", {TESTS: HEAD * 900}, []),
    (
        "scripts are read as well",
        {"scripts/demo": script("echo Usage: demo\n" * 500)},
        [("scripts/demo", 502, "long_file")],
    ),
    ("70 lines are enough", {LIB: HEAD + function(71) + function(70)}, [(LIB, 2, "long_function")]),
    ("tests are no exception", {TESTS: HEAD + function(71)}, [(TESTS, 2, "long_function")]),
    (
        "braces in literals and comments do not count",
        {
            LIB: HEAD
            + function(60)
            + "fn a<'a>(b: &'a str) {\n    '{'; '\\''; \"}\\\"{\"; r#\"{\"{\"#; b'{';\n"
            "    // {\n    /* { /* { */ { */\n}\n" + function(60)
        },
        [],
    ),
    (
        "a function without a body has no length",
        {LIB: HEAD + "trait T {\n    fn f(a: [u8; 4]);\n" + "    //\n" * 100 + "}\n"},
        [],
    ),
    # drawer
    ("no drawers: a file", {"topics/log/src/util.rs": HEAD}, [("topics/log/src/util.rs", 1, "drawer")]),
    (
        "no drawers: a folder, said once",
        {"topics/log/src/core/a.rs": HEAD, "topics/log/src/core/b.rs": HEAD},
        [("topics/log/src/core", 1, "drawer")],
    ),
    ("no drawers: a module", {LIB: HEAD + "mod helpers {\n}\n"}, [(LIB, 2, "drawer")]),
    (
        "no drawers: all of them",
        {"docs/{}.md".format(name): "" for name in ("common", "helper", "types", "misc", "utils")},
        [("docs/{}.md".format(name), 1, "drawer") for name in ("common", "helper", "misc", "types", "utils")],
    ),
    (
        "a longer word is a subject",
        {"topics/log/src/record_types.rs": HEAD, "topics/log/src/utility.rs": HEAD},
        [],
    ),
    # ignored
    (
        "no ignored tests",
        {
            TESTS: HEAD
            + '#[test]\n#[ignore]\nfn a() {}\n#[ignore = "slow"]\nfn b() {}\n#[cfg_attr(unix, ignore)]\nfn c() {}\n'
        },
        [(TESTS, 3, "ignored"), (TESTS, 5, "ignored"), (TESTS, 7, "ignored")],
    ),
    (
        "no ignored examples",
        {LIB: "//! A.\n//! ```ignore\n//! ```\n//! ```no_run\n//! ```\n"},
        [(LIB, 2, "ignored")],
    ),
    (
        "the word alone is no ignored test",
        {
            LIB: HEAD
            + '// #[ignore]\nconst A: &str = "#[ignore]"; // ignore\n#[serde(ignore_unknown)]\nfn ignore() {}\n'
        },
        [],
    ),
    # sleeping
    (
        "no blocking sleeps in tests",
        {TESTS: HEAD + "fn a() { std::thread::sleep(b); thread::sleep(b); } // virtual clock\n"},
        [(TESTS, 2, "sleeping"), (TESTS, 2, "sleeping")],
    ),
    (
        "no sleeps in tests without a reason",
        {
            TESTS: HEAD
            + "async fn a() {\n    tokio::time::sleep(b).await;\n    sleep_until(b).await; // soon\n"
            "    sleep(b).await; // virtual clock\n    time::sleep(b).await; // paces load\n    clock.sleep(b).await;\n}\n"
        },
        [(TESTS, 3, "sleeping"), (TESTS, 4, "sleeping")],
    ),
    (
        "tests are also in a tests folder, a tests crate and a test module",
        {
            "topics/log/tests/a.rs": HEAD + "fn a() { sleep(b) }\n",
            "tests/kit/src/lib.rs": HEAD + "fn a() { sleep(b) }\n",
            LIB: HEAD
            + "fn a() { sleep(b) }\n#[cfg(test)]\nmod tests {\n    fn a() { sleep(b) }\n}\nfn b() { sleep(b) }\n",
        },
        [
            ("tests/kit/src/lib.rs", 2, "sleeping"),
            (LIB, 5, "sleeping"),
            ("topics/log/tests/a.rs", 2, "sleeping"),
        ],
    ),
    ("a function may be called sleep", {TESTS: HEAD + "// sleep(a)\nfn sleep(a: u8) {}\n"}, []),
    # whitespace
    (
        "no tabs, nothing at the end of a line",
        {LIB: HEAD + TAB + "a\nb \nc\r\n", "a.md": "x  \n", "scripts/demo": script("echo Usage: " + TAB)},
        [
            ("a.md", 1, "whitespace"),
            ("scripts/demo", 2, "whitespace"),
            ("scripts/demo", 2, "whitespace"),
            (LIB, 2, "whitespace"),
            (LIB, 3, "whitespace"),
            (LIB, 4, "whitespace"),
        ],
    ),
    ("data keeps its own", {"data/a.tsv": "a" + TAB + "b \n", "data/b.bin": TAB + "\0 \n"}, []),
    # elsewhere
    ("no registry's host", {"README.md": "see " + HOST.upper() + "\n"}, [("README.md", 1, "elsewhere")]),
    (
        "every registry's host",
        {
            "a.txt": "\n".join(
                (
                    "https://pypi" + ".org/x",
                    "registry.npm" + "js.com",
                    "repo1." + "maven",
                    "a.maven" + ".org",
                    "http://deb.debian" + ".org",
                    "proxy." + "golang.org",
                )
            )
        },
        [("a.txt", line, "elsewhere") for line in (1, 2, 3, 4, 5, 6)],
    ),
    (
        "no machine's folders",
        {LIB: HEAD + '// {}\n"{}main"\n'.format(PLACE, ROOT_PLACE), "a.json": '"' + PLACE},
        [("a.json", 1, "elsewhere"), (LIB, 2, "elsewhere"), (LIB, 3, "elsewhere")],
    ),
    ("our own folders are none", {"a.txt": "agents{0}src ${{x}}{0} ../..{0} ~{0}\n".format(PLACE)}, []),
    # helpful
    ("a script has a --help", {"scripts/demo": script("echo hello")}, [("scripts/demo", 1, "helpful")]),
    ("that exits with 0", {"scripts/demo": script("echo usage:; exit 3")}, [("scripts/demo", 1, "helpful")]),
    ("a script can be run", {"scripts/list": "#!/bin/sh\n"}, [("scripts/list", 1, "helpful")]),
    ("a file without an interpreter is no script", {"scripts/list.txt": "a\n"}, []),
]


def check(look, files, expected):
    """Plants the files in a clean tree; returns what is found there and the difference it makes."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **files}.items():
            place = Path(root) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
            if path == "scripts/demo":
                os.chmod(place, 0o755)
        found = look(root)
        return found, sorted(expected) != sorted(finding[:3] for finding in found)


def run(look):
    """Checks every case; prints the ones that differ and a sum; returns the exit code."""
    wrong = 0
    for title, files, expected in CASES:
        found, differs = check(look, files, expected)
        if differs:
            wrong += 1
            print(f"tidy --self-test: {title}\n  expected {sorted(expected)}\n  found    {found}")
    planted = sum(len(expected) for _, _, expected in CASES)
    print(f"tidy --self-test: {len(CASES)} cases, {planted} violations planted, {wrong} cases failed")
    return 1 if wrong else 0
