#!/bin/sh
# Fuzz each target of folder $1 for $2 seconds, from its corpus. New inputs
# stay in a temporary folder; a crash is kept in var/fuzz.
passed=0
failed=0
mkdir -p var/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in "$1"/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/}
    case $name in *.log) continue ;; esac
    dict=tests/fuzz/dict/$name.dict
    mkdir -p "$work/$name"
    if "$program" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="var/fuzz/$name-" \
        $([ -f "$dict" ] && echo "-dict=$dict") \
        "$work/$name" "tests/fuzz/corpus/$name" >"$work/log" 2>&1
    then
        passed=$((passed + 1))
        echo "ok $name: $(sed -n 's/^stat::number_of_executed_units: *//p' \
            "$work/log") inputs"
    else
        failed=$((failed + 1))
        echo "FAILED $name"
        tail -n 40 "$work/log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
