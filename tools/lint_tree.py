#!/usr/bin/python3
"""Checks the house: layers, who may use which library, unique file names.

The layers are read from mk/modules.mk, the same lines that link the programs.
"""
import collections
import os
import re
import subprocess
import sys

# Third-party header -> files or folders (with a final /) that may include it.
LIBRARY_HOMES = {
    "event2/": ("lib/net/",),
    "hiredis/": ("registry/store_redis.c",),
    "sqlite3.h": ("registry/sqlite_file.c",),
    "maxminddb.h": ("geo/geodb.c",),
    "jansson.h": ("lib/proto/json.c",),
    "openssl/": ("lib/base/crypto.c", "lib/net/tls.c"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def modules():
    """Module folder -> folders it may include from (itself among them)."""
    uses = {}
    with open("mk/modules.mk", encoding="utf-8") as makefile:
        for line in makefile:
            match = re.match(r"USES_(\S+)\s*:=\s*(.*)", line)
            if match:
                uses[match[1]] = [match[1], *match[2].split()]
    uses["client"].append("client/include")
    uses["client/cli"].append("client/include")
    return uses


def sources(uses):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard",
                             "*.c", "*.h"], capture_output=True, text=True,
                            check=True).stdout.split()
    for path in listed:
        if os.path.exists(path):
            folder = os.path.dirname(path)
            yield path, ("client" if folder == "client/include" else folder)


def check_file(path, module, uses, errors):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for kind, name in INCLUDE.findall(text):
        if kind == '"':
            folder = os.path.dirname(name)
            if name == "perihelion.h":
                folder = "client/include"
            if not os.path.exists(name) and folder != "client/include":
                errors.append(f"{path}: \"{name}\" is no path from the root")
            elif folder not in uses[module]:
                errors.append(f"{path}: {module} must not include {name} "
                              f"(mk/modules.mk: it uses {uses[module][1:]})")
        else:
            for prefix, homes in LIBRARY_HOMES.items():
                if name.startswith(prefix) and not path.startswith(homes):
                    errors.append(f"{path}: <{name}> belongs only into "
                                  + ", ".join(homes))


def main():
    uses = modules()
    errors, names = [], collections.defaultdict(list)
    count = 0
    for path, module in sources(uses):
        if module not in uses:
            continue  # tests and tools may look everywhere
        count += 1
        check_file(path, module, uses, errors)
        if os.path.basename(path) != "main.c":
            names[os.path.basename(path)].append(path)
    for module, used in uses.items():
        for other in used[1:]:
            if module in uses.get(other, [])[1:]:
                errors.append(f"mk/modules.mk: {module} and {other} use each "
                              "other")
    for name, paths in names.items():
        if len(paths) > 1:
            errors.append(f"{name} exists twice: {' '.join(paths)}")
    print("\n".join(errors + [f"lint_tree: {count} files, "
                              f"{len(errors)} errors"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
