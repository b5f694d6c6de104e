#!/bin/sh
# The version of this tree: a git tag's (v0.2.0: 0.2.0; three commits later 0.2.0+3.gHASH), or the contents of the file
# VERSION in a source archive, or else the one below.
cd "$(dirname "$0")/.." || exit 1
if [ -e .git ] && described=$(git describe --tags --match 'v[0-9]*' 2>/dev/null); then
    echo "$described" | sed -E 's/^v//; s/-([0-9]+)-g([0-9a-f]+)$/+\1.g\2/'
elif [ -s VERSION ]; then
    cat VERSION
else
    echo 0.1.0
fi
