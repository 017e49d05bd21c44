#!/usr/bin/env bash
#
# Runs a test program for gremlins (go test -exec), and widens the coverage that it wrote.
#
# gremlins tries no mutant that is outside of the covered blocks. The conditions behind `case`, in which much of the
# engine is decided, are in no block at all: Go counts what follows the colon. So each file with a covered block is taken
# as covered from its first line to its last. What no test reaches is then a mutant that lives, and not one that is left out.
set -euo pipefail

profile=
for flag in "$@"; do
	case "$flag" in -test.coverprofile=*) profile="${flag#*=}" ;; esac
done

"$@"

if [[ -n "$profile" ]]; then
	# A line is FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT.
	files="$(awk '$NF > 0 && /\.go:/ { sub(/:[^:]*$/, ""); print }' "$profile" | sort -u)"
	for file in $files; do echo "$file:1.1,1000000.1 1 1"; done >>"$profile"
fi
