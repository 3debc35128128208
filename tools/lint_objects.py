#!/usr/bin/python3
"""Checks what was built: exported names and the sizes of files and functions.

Usage: tools/lint_objects.py BUILD_FOLDER
foo.c exports only foo_*; no exported variable may be written to.
"""
import os
import re
import statistics
import subprocess
import sys

FOLDERS = ("lib", "geo", "registry", "balancer", "comet-agent", "client")
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 100
WRITABLE = "BDCGS"


def objects(build):
    for folder in FOLDERS:
        for where, _, names in os.walk(os.path.join(build, "obj", folder)):
            for name in names:
                if name.endswith(".o"):
                    yield os.path.join(where, name)


def check_symbols(path, errors):
    stem = os.path.basename(path)[:-2]
    out = subprocess.run(["nm", "-g", "--defined-only", path], text=True,
                         capture_output=True, check=True).stdout
    for line in out.splitlines():
        _, kind, name = line.split()
        if name == "main" and stem == "main":
            continue
        if not name.startswith((stem + "_", "perihelion_")) and name != stem:
            errors.append(f"{path}: exports {name}, not {stem}_*")
        if kind in WRITABLE:
            errors.append(f"{path}: exported variable {name} is writable")


def functions(sources):
    out = subprocess.run(
        ["ctags", "-x", "--c-kinds=f", "--fields=+e",
         "--_xformat=%N %F %n %e", *sources],
        text=True, capture_output=True, check=True).stdout
    for line in out.splitlines():
        name, path, first, last = line.split()
        yield path, name, int(last) - int(first) + 1


def main():
    build = sys.argv[1]
    errors = []
    for path in objects(build):
        check_symbols(path, errors)
    sources = [p for p in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard",
         *(f"{f}/*.c" for f in FOLDERS)],
        text=True, capture_output=True, check=True).stdout.split()
        if os.path.exists(p)]
    total = 0
    for path in sources:
        with open(path, encoding="utf-8") as source:
            lines = len(re.findall("\n", source.read()))
        total += lines
        if lines > FILE_LINES_MAX:
            errors.append(f"{path}: {lines} lines, at most {FILE_LINES_MAX}")
    lengths = []
    for path, name, lines in functions(sources):
        lengths.append(lines)
        if lines > FUNCTION_LINES_MAX:
            errors.append(f"{path}: {name} has {lines} lines, at most "
                          f"{FUNCTION_LINES_MAX}")
    median = statistics.median(lengths) if lengths else 0
    print("\n".join(errors + [
        f"lint_objects: {len(sources)} .c files, {total} lines, "
        f"{len(lengths)} functions of {median:.0f} lines in the median, "
        f"{max(lengths, default=0)} at most; {len(errors)} errors"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
