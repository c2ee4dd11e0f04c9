"""The project's frame: what stands where, and what the files beside the code promise."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

TOP = Path(__file__).parents[1]
MODULES = [path for package in ("ledger", "projections", "api") for path in sorted((TOP / package).rglob("*.py"))]
FIXED = {
    *("ledger", "projections", "api", "tests"),
    *("pyproject.toml", "requirements.lock", "Makefile", "README.md", "CHANGELOG.md", "LICENSE"),
    *(".ci", ".github", ".gitignore", ".git"),
}


def read(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def settings() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_every_module_says_what_it_promises(path):
    assert ast.get_docstring(ast.parse(path.read_bytes()))


def test_no_check_is_silenced_in_the_code():
    silencer = re.compile(r"#\s*(noqa|type:\s*ignore|pragma|fmt:)")

    assert [str(path) for path in MODULES if silencer.search(path.read_text(encoding="utf-8"))] == []


def test_the_top_level_holds_only_what_was_fixed():
    ignored = [line.rstrip("/") for line in read(".gitignore").splitlines() if line and not line.startswith("#")]
    found = {path.name for path in TOP.iterdir() if not any(fnmatch(path.name, pattern) for pattern in ignored)}

    assert found - FIXED == set()


def test_the_lock_names_no_host_and_no_path():
    assert [
        line for line in read("requirements.lock").splitlines() if re.search(r"://|file:|index|find-links|/", line)
    ] == []


def test_everything_in_the_lock_has_a_hash():
    pinned = re.findall(r"^[a-z0-9-]+==.*$", read("requirements.lock"), re.MULTILINE)

    assert [line for line in pinned if not line.endswith("\\")] == []
    assert len(pinned) > len(every_dependency())


def test_the_lock_pins_every_dependency():
    pinned = set(re.findall(r"^([a-z0-9-]+)==", read("requirements.lock"), re.MULTILINE))

    assert every_dependency() - pinned == set()


def test_the_changelog_begins_with_the_version_that_this_is():
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)

    assert newest is not None
    assert newest[1] == settings()["project"]["version"]


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [("", {"skipped": 1, "passed": 1}), ("true", {"errors": 1, "passed": 1})],
    ids=["at home", "in CI"],
)
def test_a_missing_program_skips_a_test_at_home_and_fails_it_in_ci(ci, outcome, pytester, monkeypatch):
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(read("tests/conftest.py"))
    pytester.makepyfile("""
        import pytest

        @pytest.mark.needs("no-such-program")
        def test_with_it(): raise AssertionError("runs without it")

        @pytest.mark.needs("sh")
        def test_with_another(): pass
    """)

    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(**outcome)


def every_dependency() -> set[str]:
    project = settings()["project"]
    wanted = (
        project["dependencies"] + project["optional-dependencies"]["postgres"] + settings()["dependency-groups"]["dev"]
    )
    return {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in wanted}
