#!/bin/bash
# Behind `make fresh`: prove `make run` and `make test` in a bare Debian 12 root
# with nothing but git and make, made by debootstrap from the mirror that this
# machine's apt uses. Needs root. PERI_FRESH_KEEP=1 keeps the root.
set -u

fail() {
    echo "fresh: $*" >&2
    echo "0 passed, 1 failed"
    exit 1
}
skip() {
    echo "fresh: skipped: $*"
    exit 0
}

[ "$(id -u)" -eq 0 ] || skip "debootstrap needs root"
command -v debootstrap >/dev/null || skip "there is no debootstrap"
unshare --mount true 2>/dev/null || skip "no mount namespace to be had here"

mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources \
    2>/dev/null | head -n 1)
[ -n "$mirror" ] || mirror=$(awk '$1 == "deb" { print $2; exit }' \
    /etc/apt/sources.list 2>/dev/null)
[ -n "$mirror" ] || skip "no mirror in /etc/apt"

root=$(mktemp -d /var/tmp/peri-fresh.XXXXXX)
cleanup() {
    rm -f "$root.log"
    [ -n "${PERI_FRESH_KEEP:-}" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT
began=$SECONDS

echo "fresh: making a bare root (about a minute and a half) ..."
debootstrap --variant=minbase --include=git,make bookworm "$root" "$mirror" \
    >"$root.log" 2>&1 || {
    tail -n 5 "$root.log"
    fail "debootstrap failed"
}
echo "fresh: root made after $((SECONDS - began)) s"

if [ -d /etc/apt/sources.list.d ]; then
    rm -f "$root/etc/apt/sources.list"
    cp /etc/apt/sources.list.d/*.sources "$root/etc/apt/sources.list.d/" \
        2>/dev/null
fi
[ -f /etc/apt/sources.list ] && cp /etc/apt/sources.list "$root/etc/apt/"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    cp "$NODE_EXTRA_CA_CERTS" "$root/etc/peri-ca.pem"
fi
mkdir -p "$root/src"
git ls-files -co --exclude-standard -z | tar -c --null -T - --ignore-failed-read \
    2>/dev/null | tar -x -C "$root/src"

cat >"$root/try.sh" <<'TRY'
#!/bin/bash
# Runs inside the root: the newcomer's two commands.
cd /src || exit 1
mount -t proc proc /proc || exit 1
# Terminals, which a booted machine has and the tests of perictl top want.
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts || exit 1
ln -sf pts/ptmx /dev/ptmx || exit 1
[ ! -f /etc/peri-ca.pem ] || export NODE_EXTRA_CA_CERTS=/etc/peri-ca.pem
export HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
failed=0
began=$SECONDS
echo "fresh: make run RUN_SECONDS=10"
make run RUN_SECONDS=10 || failed=$((failed + 1))
echo "fresh: that took $((SECONDS - began)) s"
began=$SECONDS
echo "fresh: make test"
make test || failed=$((failed + 1))
echo "fresh: that took $((SECONDS - began)) s"
exit $failed
TRY
chmod +x "$root/try.sh"
unshare --mount --fork env -i PATH="$PATH:/usr/sbin:/sbin" TERM=dumb \
    CI="${CI:-}" chroot "$root" /try.sh 2>&1 | tee "$root.log"
rc=${PIPESTATUS[0]}
counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$root.log" | tail -n 1)
echo "fresh: $((SECONDS - began)) s in all"
[ "$rc" -eq 0 ] || echo "fresh: $rc of 2 commands failed in the bare root" >&2
echo "${counts:-0 passed, 1 failed}" # those of make test
exit "$rc"
