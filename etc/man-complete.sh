#!/bin/sh
# Completes a manual from the option tables: man-complete.sh PAGE.in BUILD VERSION >PAGE
# A line '.\" @print PROGRAM WHAT@' is replaced by the output of BUILD/PROGRAM --print WHAT.
set -eu
page=$1 build=$2 version=$3
while IFS= read -r line; do
    case $line in
    '.\" @print '*@)
        words=${line#'.\" @print '}
        words=${words%@}
        "$build/${words%% *}" --print "${words#* }"
        ;;
    *)
        printf '%s\n' "$line"
        ;;
    esac
done <"$page" | sed "s/@VERSION@/$version/g"
