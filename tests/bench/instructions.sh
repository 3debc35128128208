#!/bin/bash
# Instructions of one /resolve, counted by callgrind over a fixed input, beside
# those that docs/BENCHMARKS.md records; more than 3 % above fails. Repeatable
# to 0.1 %, whatever else the machine does.
#
# usage: instructions.sh build/release
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$1/bench/bench_balancer__request
few=4000
many=12000
failed=0

if ! command -v valgrind >/dev/null; then
    echo "FAILED valgrind is missing: run deploy/deps.sh lint first"
    exit 1
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# counted FORM REQUESTS: instructions inside the loop.
counted() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        --collect-atstart=no --toggle-collect=loop_run \
        "$program" "$1" "$2" 2>&1 | tee "$out" |
        sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

for form in anonymous device pipelined; do
    a=$(counted $form $few)
    b=$(counted $form $many)
    recorded=$(sed -n "s/^| instructions, $form | \([0-9,]*\) |.*/\1/p" \
        docs/BENCHMARKS.md | tr -d ,)
    if [ -z "$a" ] || [ -z "$b" ] || [ -z "$recorded" ]; then
        echo "FAILED $form: not counted, or not in docs/BENCHMARKS.md"
        cat "$out"
        failed=$((failed + 1))
        continue
    fi
    # The difference leaves out what is done once.
    each=$(((b - a) / (many - few)))
    word=ok
    [ $((each * 100)) -le $((recorded * 103)) ] || word=FAILED
    [ $word = ok ] || failed=$((failed + 1))
    echo "$word $form: $each instructions a request, $recorded recorded"
    [ $((each * 100)) -ge $((recorded * 97)) ] ||
        echo "   better: record it in docs/BENCHMARKS.md"
done
[ "$failed" -eq 0 ]
