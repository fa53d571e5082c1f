#!/usr/bin/env bash
# Chooses packages to build, and writes them as a JSON array of specs to the output `specs` of a step.
#
#   LARDER_REPORTS   the Larder that knows what is there, wanted and broken: https://HOST/mirrors/NAME; without one, all are drawn
#   LARDER_COUNT     how many
#   LARDER_BY        by what: demand,failures,age,random
#   LARDER_NAMES     the packages to choose from, apart by white space; what `spack list` says when it is empty
#                    A recipe that changed since it failed is tried again: the history of Spack's recipes tells, if they lie in git.
#   LARDER_TOKEN     a token, for a private mirror; without it the job's own identity is shown (id-token: write)
# Exit status: 0, 1 when nothing could be chosen, 2 when it could not begin.

set -euo pipefail

fail() {
  printf '::error title=Build cache::%s\n' "${2//$'\n'/ }" >&2
  exit "$1"
}

count=${LARDER_COUNT:-}
names=${LARDER_NAMES:-}

# GitHub takes at most 256 jobs in a matrix.
if [[ ! $count =~ ^[1-9][0-9]{0,2}$ ]] || ((count > 256)); then
  fail 2 "\"${count//[^[:print:]]/?}\" is no number of packages. Expected one from 1 to 256."
fi

listed() {
  if [[ -n ${names//[[:space:]]/} ]]; then
    tr -s '[:space:]' '\n' <<<"$names"
  else
    spack list --format name_only
  fi
}

# The recipes that changed lately, and when, from the history of the folder that they lie in.
changed() {
  local packages commit
  packages=$(spack location --packages)/packages && commit=$(git -C "$packages" rev-parse HEAD) || return 0
  if [[ $(git -C "$packages" rev-parse --is-shallow-repository) = true ]]; then
    # Names of files are enough.
    git -C "$packages" fetch --quiet --filter=blob:none --shallow-since="$history" origin "$commit" || return 0
  fi
  # The first commit of a shallow history seems to have made all files. The newest change of each comes first. A name may
  # stand in a folder as a Python package does: py_numpy.
  TZ=UTC0 git -C "$packages" log --since="$history" --min-parents=1 --relative --name-only --no-renames \
    --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=when/%cd -- . |
    awk -F/ '$1 == "when" { when = $2; next }
      NF > 1 { name = $1; if (!seen[name]++) print name, when
               sub(/^_/, "", name); gsub(/_/, "-", name); if (!seen[name]++) print name, when }'
}

readonly history='90 days ago'
list=$(mktemp)
recipes=$(mktemp)
trap 'rm -f "$list" "$recipes"' EXIT
listed | sed '/^$/d' >"$list" || fail 1 'Spack did not list its packages.'

if [[ -n ${LARDER_REPORTS:-} ]]; then
  LARDER_TOKEN=$("$(dirname "${BASH_SOURCE[0]}")/../build/build.sh" token)
  export LARDER_TOKEN
  if command -v spack >/dev/null; then changed >"$recipes"; fi
  chosen=$(larder suggest "$LARDER_REPORTS" --count "$count" --by "${LARDER_BY:-demand,failures,age,random}" \
    --names "$list" --changed "$recipes" --json) ||
    fail 1 "$LARDER_REPORTS suggested nothing; why stands in the log."
else
  chosen=$(shuf -n "$count" "$list" | jq -Rc '{spec: ., why: "drawn from the list"}' | jq -sc .)
fi

echo "specs=$(jq -c 'map(.spec)' <<<"$chosen")" >>"$GITHUB_OUTPUT"
{
  echo "### Chosen: $(jq length <<<"$chosen")"
  echo
  jq -r 'def code: "`" + gsub("[`|\\n]"; " ") + "`"; .[] | "- \(.spec | code): \(.why | code)"' <<<"$chosen"
} >>"$GITHUB_STEP_SUMMARY"
