#!/bin/sh
# Install what is missing from Debian's packages, and nothing else.
#
#   deploy/deps.sh run     what `make run` needs (build, libraries, npm)
#   deploy/deps.sh test    run + what `make test` needs
#   deploy/deps.sh lint    test + linters and fuzzers
#   deploy/deps.sh web     run + what `make test-web` and `make dashboard` need
#   deploy/deps.sh bench   run + the opponents of the benchmarks
#   deploy/deps.sh fresh   debootstrap
#
# As root, or through sudo. Does nothing, at once, when nothing is missing.
set -eu

RUN="gcc make pkg-config libc6-dev libevent-dev libjansson-dev libmaxminddb-dev
libsqlite3-dev libssl-dev uthash-dev ca-certificates"
TEST="libcmocka-dev python3-pytest python3-pytest-xdist prometheus"
LINT="clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev cppcheck
llvm-14 universal-ctags binutils valgrind mandoc zsh fish"
WEB="chromium fonts-inter nodejs npm pngquant python3"
BENCH="nginx-light libnginx-mod-http-geoip2 wrk"

why() {
    case $1 in
    gcc | make | libc6-dev | pkg-config) echo "to build" ;;
    libevent-dev) echo "the event loop" ;;
    libjansson-dev) echo "JSON" ;;
    libmaxminddb-dev) echo "reads city databases" ;;
    libsqlite3-dev) echo "the registry's store" ;;
    libssl-dev) echo "token signatures, random numbers" ;;
    uthash-dev) echo "hash tables" ;;
    npm) echo "fetches the city database, once" ;;
    ca-certificates) echo "lets npm check whom it talks to" ;;
    libcmocka-dev) echo "unit tests" ;;
    python3-pytest) echo "integration tests" ;;
    python3-pytest-xdist) echo "several of them at once: they mostly wait" ;;
    prometheus) echo "scrapes /metrics in a test" ;;
    clang-* | libclang-* | llvm-*) echo "second compiler, fuzzers, linters" ;;
    mandoc) echo "judges the manual pages" ;;
    zsh | fish) echo "loads its completions" ;;
    cppcheck | universal-ctags | binutils) echo "make lint" ;;
    valgrind) echo "counts instructions: make check-instructions" ;;
    nginx* | libnginx* | wrk) echo "opponent or load generator of make bench" ;;
    chromium) echo "the browser that drives the dashboard" ;;
    fonts-inter) echo "the same letters in every picture of the dashboard" ;;
    nodejs) echo "bundles the dashboard, runs its tests" ;;
    pngquant) echo "makes those pictures small" ;;
    python3) echo "holds the store's lock in a test" ;;
    debootstrap) echo "the bare root of make fresh" ;;
    *) echo "needed" ;;
    esac
}

is_installed() {
    # npm and Node may have come from elsewhere than Debian: the command counts.
    [ "$1" = npm ] && command -v npm >/dev/null 2>&1 && return 0
    [ "$1" = nodejs ] && command -v node >/dev/null 2>&1 && return 0
    case " $have " in *" $1 "*) return 0 ;; esac
    # Any nginx will do as an opponent.
    [ "$1" = nginx-light ] && command -v nginx >/dev/null 2>&1
}

case ${1:-run} in
run) wanted=$RUN ;;
test) wanted="$RUN $TEST" ;;
lint) wanted="$RUN $TEST $LINT" ;;
web) wanted="$RUN $WEB" ;;
bench) wanted="$RUN $BENCH" ;;
fresh) wanted="debootstrap" ;;
*)
    echo "usage: deploy/deps.sh run|test|lint|web|bench|fresh" >&2
    exit 2
    ;;
esac
# The database needs npm only until it is there.
[ -f var/geo/VERSION ] || [ "${1:-run}" = fresh ] || wanted="$wanted npm"

# shellcheck disable=SC2086,SC2016
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null |
    awk '$1 == "ii" { printf "%s ", $2 }') || true

missing=""
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Perihelion needs these Debian packages:"
for package in $missing; do
    printf '  %-26s %s\n' "$package" "$(why "$package")"
done
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Not root and no sudo here. As root, run:" >&2
        echo "  apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing them with apt-get${as_root:+ through sudo} ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Packages with a service (prometheus, nginx) are wanted for their programs: as
# long as this file is there Debian starts none of them.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f "$log"; $as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
fi
# shellcheck disable=SC2086
if ! { $as_root apt-get update -q &&
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qy --no-install-recommends $missing; } >"$log" 2>&1
then
    tail -n 20 "$log" >&2
    echo "apt-get failed (above); install the packages yourself and try again" >&2
    exit 1
fi
echo "Installed."
