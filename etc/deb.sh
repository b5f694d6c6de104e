#!/bin/sh
# Builds the Debian package: deb.sh VERSION FOLDER. The packages and their build information are left in FOLDER.
set -eu
cd "$(dirname "$0")/.."
version=$1 folder=$2
tree=$folder/flowimport-$version
# Debian's tools require debian/ at the top of a source tree: use a copy.
rm -rf "$folder"
mkdir -p "$tree"
cp -R Makefile README.md LICENSE src include sql etc "$tree"
mv "$tree/etc/debian" "$tree/debian"
# Add an entry for a version without one.
if [ "$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version)" != "$version" ]; then
    { sed "1s/(.*)/($version)/; /^ --/q" "$tree/debian/changelog"; echo; cat etc/debian/changelog; } >"$tree/changelog"
    mv "$tree/changelog" "$tree/debian/changelog"
fi
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign) >"$folder/build.log" 2>&1 || {
    tail -n 50 "$folder/build.log" >&2
    exit 1
}
rm -rf "$tree"
ls "$folder"/*.deb
