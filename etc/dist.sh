#!/bin/bash
# Makes the source archive of a release: dist.sh VERSION PAGE FOLDER. In it is what git tracks, as it is in the tree now, the
# file VERSION, and the page built, for who has no npm. The same tree gives the same bytes: names sorted, times those of the
# last commit, nobody's owner.
set -eu
cd "$(dirname "$0")/.."
version=$1 page=$2 folder=$3
name=flowimport-$version
[ -e .git ] || { echo 'make dist requires the git repository: it packs what git tracks' >&2; exit 1; }
[ -s "$page/index.html" ] || { echo "make dist requires the page in $page" >&2; exit 1; }
date=@$(git log -1 --format=%ct)
rm -rf "${folder:?}/$name"
mkdir -p "$folder/$name"
# Without what is deleted but not yet committed.
git ls-files -z | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar -c --null --files-from=- | tar -x -C "$folder/$name"
echo "$version" >"$folder/$name/VERSION"
mkdir "$folder/$name/src/page/built"
cp "$page"/* "$folder/$name/src/page/built"
tar -c -C "$folder" --format=ustar --sort=name --mtime="$date" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "$name" |
    gzip -9n >"$folder/$name.tar.gz"
rm -rf "${folder:?}/$name"
echo "$folder/$name.tar.gz"
