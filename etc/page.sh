#!/bin/sh
# Builds the page from src/page: page.sh FOLDER. Its modules are installed in build/npm; if they can't be, the exit code is 3.
# Fails if the page is larger than its limit. A source archive contains the built page, src/page/built: it is used until a
# source changes.
set -eu
cd "$(dirname "$0")/.."
folder=$1
most=102400 # bytes of all files as they are sent, packed
modules=build/npm

built=src/page/built
if [ -s $built/index.html ] && [ -z "$(find src/page -maxdepth 1 -type f -newer $built/index.html)" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    cp $built/* "$folder"
    exit
fi
etc/npm.sh src/page $modules || exit 3

rm -rf "$folder.new"
mkdir -p "$folder.new"
NODE_PATH=$PWD/$modules/node_modules $modules/node_modules/.bin/esbuild src/page/main.js src/page/theme.js --bundle --minify \
    --target=es2020 --format=iife --charset=utf8 --legal-comments=none --log-level=warning --outdir="$folder.new"
mv "$folder.new/main.js" "$folder.new/app.js"
mv "$folder.new/main.css" "$folder.new/app.css"
cp src/page/index.html src/page/icon.svg "$folder.new"
for licence in "$modules"/node_modules/uplot/LICENSE "$modules"/node_modules/d3-*/LICENSE; do
    module=${licence%/LICENSE}
    printf '%s\n\n' "${module##*/}"
    cat "$licence"
    printf '\n\n'
done >"$folder.new/licences.txt"

sum=0
for file in "$folder.new"/*; do
    sum=$((sum + $(gzip -9nc "$file" | wc -c)))
done
if [ $sum -ge $most ]; then
    echo "The page's files are $sum bytes packed; they must be below $most" >&2
    exit 1
fi
rm -rf "$folder"
mv "$folder.new" "$folder"
# Last, because make checks its time.
touch "$folder/index.html"
echo "  PAGE $folder: $sum bytes packed"
