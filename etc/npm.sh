#!/bin/sh
# Installs the npm modules in SOURCE/package-lock.json into FOLDER: npm.sh SOURCE FOLDER. They are downloaded once, and again
# if the lock changes; everything else works offline.
set -eu
source=$1 folder=$2

command -v npm >/dev/null || { echo 'npm is missing' >&2; exit 1; }
! cmp -s "$source/package-lock.json" "$folder/package-lock.json" || exit 0
echo "  NPM $source/package-lock.json"
# Two may run at a time: each installs into its own folder, and the last one stays.
mkdir -p "$(dirname "$folder")"
scratch=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cp "$source/package.json" "$source/package-lock.json" "$scratch"
npm ci --prefix "$scratch" --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=1 --fetch-retry-mintimeout=1000 \
    --loglevel=error >/dev/null || {
    echo "npm could not install the modules in $source/package-lock.json" >&2
    exit 1
}
rm -rf "$folder"
mv "$scratch" "$folder"
trap - EXIT
