#!/bin/bash
# Behind `make lint`: every check runs, the last line says how many failed.
set -u
failed=0

check() {
    local title=$1 began=$SECONDS
    shift
    if "$@"; then
        echo "ok     $title ($((SECONDS - began)) s)"
    else
        echo "FAILED $title"
        failed=$((failed + 1))
    fi
}

c_files() {
    git ls-files -co --exclude-standard "$@" | while read -r f; do
        [ -f "$f" ] && echo "$f"
    done
}
format() {
    c_files '*.c' '*.h' | xargs clang-format-14 --dry-run -Werror
}
tidy() {
    c_files 'lib/*.c' 'geo/*.c' 'registry/*.c' 'balancer/*.c' \
        'comet-agent/*.c' 'client/*.c' |
        xargs -P 2 -n 8 clang-tidy-14 --quiet 2>/dev/null |
        { ! grep -E ': (error|warning): '; }
}
cppcheck_all() {
    c_files 'lib/*.c' 'geo/*.c' 'registry/*.c' 'balancer/*.c' \
        'comet-agent/*.c' 'client/*.c' |
        cppcheck --quiet -j2 --std=c11 --enable=warning,portability \
            --inline-suppr --suppress=missingIncludeSystem \
            --include=/usr/include/"$(gcc -print-multiarch)"/sys/queue.h \
            --include=/usr/include/uthash.h --suppress='*:/usr/include/*' \
            --suppress=uninitvar \
            --error-exitcode=1 -I. -Iclient/include --file-list=-
}
scripts() {
    local f
    for f in $(git ls-files -co --exclude-standard '*.sh' .ci/run); do
        bash -n "$f" || return 1
    done
}
docs() {
    tools/generate_docs.sh --check
}
# Where there is no npm nothing can have changed the bundle either.
dashboard() {
    command -v npm >/dev/null 2>&1 || return 0
    make --no-print-directory -s dashboard-check
}
# mandoc looks for references where the system's pages are: ours are here.
manuals() {
    local line name bad=0
    while IFS= read -r line; do
        name=${line##*not found: Xr }
        [ "$name" != "$line" ] && [ -f "docs/man/${name/ /.}" ] && continue
        echo "$line"
        bad=1
    done < <(mandoc -Tlint docs/man/* 2>&1)
    return $bad
}
completions() {
    /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/shells | tail -n 20
    [ "${PIPESTATUS[0]}" -eq 0 ]
}
# Prose may name only metrics that exist; a histogram has three names more.
metric_names() {
    local known bad=0 where name
    known=$(sed -nE 's/^\| `(peri_[a-z0-9_]+)` .*/\1/p' docs/METRICS.md)
    while IFS= read -r where; do
        name=${where##*:}
        grep -qxE "$name|${name%_*}" <<<"$known" && {
            grep -qxF "$name" <<<"$known" ||
                [[ $name =~ _(bucket|sum|count)$ ]]
        } && continue
        echo "${where%:*}: docs/METRICS.md has no $name"
        bad=1
    done < <(grep -noE '\bperi_[a-z0-9_]+' docs/*.md README.md)
    return $bad
}

printf '%s\n' -I. -Iclient/include -D_GNU_SOURCE -std=c11 >compile_flags.txt
trap 'rm -f compile_flags.txt' EXIT
check "layers, libraries, file names" tools/lint_tree.py
check "documented prototypes, units" tools/lint_headers.py
check "symbols, sizes" tools/lint_objects.py build/release
check "clang-format" format
check "scripts" scripts
check "generated documents" docs
check "dashboard's bundle" dashboard
check "manual pages" manuals
check "completions in their shells" completions
check "metrics named in documents" metric_names
check "cppcheck" cppcheck_all
check "clang-tidy" tidy
[ "$failed" -eq 0 ] && echo "lint: clean" || echo "lint: $failed checks failed"
[ "$failed" -eq 0 ]
