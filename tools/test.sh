#!/bin/bash
# Behind `make test`: unit tests under gcc release and under ASan + UBSan, the
# thread tests under TSan, the fuzz corpora, the integration tests with both
# builds. Every part runs; the last line counts.
set -u
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
passed=0
failed=0

# part TITLE COMMAND...: run one part, add up the counts of its last line.
part() {
    local title=$1 began=$SECONDS rc n
    shift
    echo "== $title"
    "$@" 2>&1 | tee "$log/out"
    rc=${PIPESTATUS[0]}
    n=$(grep -oE '[0-9]+ passed' "$log/out" | tail -n 1 | cut -d' ' -f1)
    passed=$((passed + ${n:-0}))
    n=$(grep -oE '[0-9]+ failed' "$log/out" | tail -n 1 | cut -d' ' -f1)
    if [ "$rc" -ne 0 ] && [ "${n:-0}" -eq 0 ]; then
        n=1
    fi
    failed=$((failed + ${n:-0}))
    echo "   ($title: $((SECONDS - began)) s)"
}

build() {
    local variant=$1
    shift
    make --no-print-directory -s -j2 QUIET=1 VARIANT="$variant" "$@"
}

unit() {
    build "$1" unit-build && make --no-print-directory -s QUIET=1 VARIANT="$1" unit
}
threads() {
    make --no-print-directory -s -j2 QUIET=1 VARIANT=tsan test-threads
}
replay() {
    build "$1" fuzz-build &&
        make --no-print-directory -s QUIET=1 VARIANT="$1" fuzz-replay
}
integration() {
    build "$1" all && make --no-print-directory -s QUIET=1 VARIANT="$1" \
        test-integration
}

part "unit, release" unit release
part "unit, ASan + UBSan" unit asan
part "threads, TSan" threads
part "fuzz corpora, ASan + UBSan" replay asan
part "integration, release" integration release
PERI_TEST_PATIENCE=4 part "integration, ASan + UBSan" integration asan

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
