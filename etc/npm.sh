#!/bin/sh
# The npm modules that SOURCE/package-lock.json names, in FOLDER: npm.sh SOURCE FOLDER. They come once, and again where the
# lock changes; all else works offline.
set -eu
source=$1 folder=$2

command -v npm >/dev/null || { echo 'npm is missing' >&2; exit 1; }
! cmp -s "$source/package-lock.json" "$folder/package-lock.json" || exit 0
echo "  NPM $source/package-lock.json"
# Two at a time: each installs aside, the last one stays.
mkdir -p "$(dirname "$folder")"
scratch=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cp "$source/package.json" "$source/package-lock.json" "$scratch"
npm ci --prefix "$scratch" --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=1 --fetch-retry-mintimeout=1000 \
    --loglevel=error >/dev/null || {
    echo "npm could not install what $source/package-lock.json names" >&2
    exit 1
}
rm -rf "$folder"
mv "$scratch" "$folder"
trap - EXIT
