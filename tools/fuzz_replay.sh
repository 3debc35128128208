#!/bin/sh
# Run every fuzzer of folder $1 over its committed corpus.
passed=0
failed=0
for program in "$1"/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/}
    if "$program" "tests/fuzz/corpus/$name" >/dev/null 2>"$program.log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
        tail -n 40 "$program.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
