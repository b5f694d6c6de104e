#!/bin/sh
# The page's files as a table of the program: embed-page.sh FOLDER >assets.c. Without an index.html in the folder, the table
# has one page that says what is missing.
set -eu
folder=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
built=true
if [ ! -s "$folder/index.html" ]; then
    built=false
    folder=$scratch/page
    mkdir "$folder"
    cat >"$folder/index.html" <<'END'
<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>flowimport</title>
<h1>The page is not in this program</h1>
<p>It was built without npm, or before <code>make page</code>. With npm there, run <code>make page all</code>, and start it again.
<p>The API is here all the same: <a href="/api/meta">/api/meta</a>; flowimport-api(7) describes it.
END
fi

printf '/* Made by etc/embed-page.sh. */\n#include "http/assets.h"\n\n'
n=0
for file in "$folder"/*; do
    [ -f "$file" ] || continue
    name=${file##*/}
    case $name in
    *.html) type='text/html; charset=utf-8' ;;
    *.js) type='text/javascript; charset=utf-8' ;;
    *.css) type='text/css; charset=utf-8' ;;
    *.svg) type='image/svg+xml' ;;
    *.png) type='image/png' ;;
    *.ico) type='image/x-icon' ;;
    *.json | *.webmanifest) type='application/json' ;;
    *.txt) type='text/plain; charset=utf-8' ;;
    *) continue ;;
    esac
    # Bundlers put a hash between name and extension.
    unchanging=false
    if printf '%s' "$name" | grep -qE -- '-[0-9A-Z]{8}\.[a-z]+$'; then unchanging=true; fi
    gzip -9nc "$file" >"$scratch/packed"
    sum=$(sha256sum "$file" | cut -c1-32)
    printf 'static const unsigned char bytes%d[] = {\n' "$n"
    od -An -v -tu1 "$scratch/packed" | sed 's/\([0-9]\{1,\}\)/\1,/g'
    printf '};\n'
    # Packed and unpacked bytes differ, so the tag is weak (W/) and the same for both.
    printf '    {"/%s", "%s", "W/\\"%s\\"", bytes%d, sizeof bytes%d, %d, %s},\n' "$name" "$type" "$sum" "$n" "$n" \
        "$(wc -c <"$file")" "$unchanging" >>"$scratch/rows"
    n=$((n + 1))
done
printf '\nconst struct asset assets[] = {\n'
cat "$scratch/rows"
printf '};\nconst unsigned n_assets = %d;\nconst bool assets_are_page = %s;\n' "$n" "$built"
