#!/usr/bin/env bash
#
# Runs mutation tests of the policy engine: gremlins changes one operator after the other in a copy of this repository,
# and runs the tests of internal/support with each change. It prints KILLED for a mutant with which a test fails, and
# LIVED for one that no test finds.
#
#     hack/mutants/run.sh                     all of internal/support
#     hack/mutants/run.sh window.go tag.go    these files of it
#
# docs/mutants.md says what to make of the output.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
gremlins="$(go tool -n -modfile=hack/mutants/go.mod gremlins)"

copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT
# gremlins copies whatever is in the folder. It gets what belongs to the repository, without .cache and bin.
git ls-files -z --cached --others --exclude-standard --deduplicate | while IFS= read -r -d '' file; do
	if [[ -f "$file" ]]; then printf '%s\0' "$file"; fi
done | xargs -0 cp --parents -t "$copy"
cd "$copy"

# gremlins can leave files out, and cannot be told which ones to take.
exclude=()
if (($#)); then
	for file in "$@"; do
		[[ -f "internal/support/$file" ]] || { echo "mutants: internal/support has no file $file" >&2; exit 1; }
	done
	for path in internal/support/*.go; do
		file="${path##*/}"
		[[ " $* " == *" $file "* ]] || exclude+=(--exclude-files "^${file//./\\.}\$")
	done
fi

# gremlins passes no flags to `go test`, which takes them from GOFLAGS. Without -count=1 an earlier result of the
# tests would be repeated, and its short time would be the limit for each mutant. Vetting kills no mutant.
export GOFLAGS="-short -count=1 -vet=off -exec=$copy/hack/mutants/exec.sh"
"$gremlins" --config hack/mutants/gremlins.yaml unleash ./internal/support "${exclude[@]}"
