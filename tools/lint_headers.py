#!/usr/bin/python3
"""Checks headers and names: documented prototypes, units in time-like names.

A prototype is documented when a comment stands right above it, or above the
group of prototypes (no empty line between them) that it is in.
"""
import re
import subprocess
import sys

CODE_FOLDERS = ("lib", "geo", "registry", "balancer", "comet-agent", "client")
HEADER_LINES_MAX = 200
# A declared variable, member or parameter of a number type with such a name
# must say its unit.
TIME_LIKE = re.compile(
    r"\b(?:u?int\d*_t|int|unsigned|long|double|float|size_t)\s+"
    r"((?!\w*_per_)(?:\w+_)?(?:timeout|interval|ttl|delay|deadline|period|age|elapsed|"
    r"duration))\s*[;,=)\[]")
PROTOTYPE = re.compile(r"^[A-Za-z_][\w\s*()]*\([^;{]*\)[^;{]*;\s*$", re.S)


def listed(pattern):
    out = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"]
        + [f"{folder}/{pattern}" for folder in CODE_FOLDERS],
        capture_output=True, text=True, check=True).stdout
    return out.split()


def strip_code_blocks(text):
    """Take out static inline bodies, structs, enums and the like."""
    text = re.sub(r"(?m)^#(?:.*\\\n)*.*\n", "", text)
    depth, out = 0, []
    for char in text:
        if char == "{":
            depth += 1
            if depth == 1:
                out.append("{")
        elif char == "}":
            depth -= 1
            if depth == 0:
                out.append("}")
        elif depth == 0:
            out.append(char)
    return "".join(out)


def undocumented(text):
    """Yield prototypes without a comment above them or their group."""
    text = strip_code_blocks(text)
    for group in re.split(r"\n\s*\n", text):
        comment_seen = False
        pieces = re.split(r"(/\*.*?\*/)", group, flags=re.S)
        for piece in pieces:
            if piece.startswith("/*"):
                comment_seen = True
                continue
            for statement in re.findall(r"[^;{}]+[;{}]", piece):
                statement = statement.strip()
                if (PROTOTYPE.match(statement)
                        and not statement.startswith(("typedef", "struct {",
                                                     "TAILQ_HEAD"))
                        and not comment_seen):
                    yield " ".join(statement.split())


def main():
    errors, prototypes = [], 0
    for path in listed("*.h"):
        with open(path, encoding="utf-8") as header:
            text = header.read()
        lines = text.count("\n")
        if lines > HEADER_LINES_MAX and not path.endswith("perihelion.h"):
            errors.append(f"{path}: {lines} lines, a header has at most "
                          f"{HEADER_LINES_MAX}")
        prototypes += len(re.findall(r"(?m)\);\s*$", text))
        errors += [f"{path}: not documented: {p}" for p in undocumented(text)]
    for path in listed("*.[ch]"):
        with open(path, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                for name in TIME_LIKE.findall(line):
                    errors.append(f"{path}:{number}: '{name}' needs its unit "
                                  "(_ms, _s, _us)")
    print("\n".join(errors + [f"lint_headers: about {prototypes} prototypes, "
                              f"{len(errors)} errors"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
