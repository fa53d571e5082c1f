#!/usr/bin/env bash
# Chooses packages to build, and writes them as a JSON array of specs to the output `specs` of a step.
#
#   LARDER_REPORTS   the Larder that knows what is there, wanted and broken: https://HOST/mirrors/NAME; without one, all are drawn
#   LARDER_COUNT     how many
#   LARDER_BY        by what: demand,failures,age,random
#   LARDER_NAMES     the packages to choose from, apart by white space; what `spack list` says when it is empty
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

list=$(mktemp)
trap 'rm -f "$list"' EXIT
listed | sed '/^$/d' >"$list" || fail 1 'Spack did not list its packages.'

if [[ -n ${LARDER_REPORTS:-} ]]; then
  LARDER_TOKEN=$("$(dirname "${BASH_SOURCE[0]}")/../build/build.sh" token)
  export LARDER_TOKEN
  chosen=$(larder suggest "$LARDER_REPORTS" --count "$count" --by "${LARDER_BY:-demand,failures,age,random}" --names "$list" --json) ||
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
