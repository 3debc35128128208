#!/bin/sh
# Run unit test programs; print each one's verdict and a count at the end.
# Usage: tools/run_unit.sh PROGRAM...
passed=0
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for program in "$@"; do
    if "$program" >"$out" 2>&1; then
        passed=$((passed + $(grep -c '^\[ *OK \]' "$out")))
    else
        failed=$((failed + 1))
        echo "FAILED $program"
        tail -n 60 "$out"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
