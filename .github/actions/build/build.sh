#!/usr/bin/env bash
# Builds one spec with Spack into a build cache, for a job of GitHub Actions or a shell.
#
#   build.sh check           looks at what was asked for, before anything is installed
#   build.sh build           builds, pushes each package as soon as it is built, reports, and writes the summary
#   build.sh token           prints a token for LARDER_REPORTS, or nothing where the job has none and no identity
#   build.sh total FILE...   writes the summary of many builds from the outcomes that they left
#
# What is asked for, in the environment:
#   LARDER_SPEC        what to build: hdf5+mpi
#   LARDER_COMPILER    with which compiler: gcc@13; Spack chooses when it is empty
#   LARDER_TARGET      for which micro-architecture: x86_64_v3; that of the machine when it is empty
#   LARDER_MIRROR      the cache: https://HOST/mirrors/NAME (Larder), oci://ghcr.io/OWNER/NAME, or /a/folder
#   LARDER_REPORTS     the Larder that is told of the builds, and read from; LARDER_MIRROR when that is one
#   LARDER_JOB         the name of the job in reports; of the same words in each run
#   LARDER_TOKEN       a token of the Larder; without it the job's own identity is shown (id-token: write)
#   LARDER_REGISTRY_USER, LARDER_REGISTRY_PASSWORD   for oci://; any user will do where the password is a token
# An outcome is left in $LARDER_WORK/outcome.json. Exit status: 0, 1 when something was not built, pushed or reported,
# 2 when it could not begin.

set -euo pipefail
# What is written holds credentials.
umask 077

# Cloudflare takes at most 100 MB in one request; larger packages go in parts.
readonly max_request_bytes=$((90 * 1000 * 1000))
readonly pause_seconds=${LARDER_PAUSE_SECONDS:-5}
readonly server_pattern='https?://[A-Za-z0-9.:-]+'
readonly larder_pattern="^($server_pattern)/mirrors/([a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*)/?\$"

spec=${LARDER_SPEC:-} compiler=${LARDER_COMPILER:-} target=${LARDER_TARGET:-}
mirror=${LARDER_MIRROR:-} reports=${LARDER_REPORTS:-}
user=${LARDER_REGISTRY_USER:-job} password=${LARDER_REGISTRY_PASSWORD:-}
work=${LARDER_WORK:-${RUNNER_TEMP:-/tmp}/larder-build}
summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
# The folder that Spack writes each package to, as soon as it is built.
outbox=$work/outbox
is_larder=false

say() { printf '%s\n' "$*" >&2; }

# Shown on the run's page, too. The text is one line: a line break would begin a command of its own.
complain() { printf '::error title=Build cache::%s\n' "${1//$'\n'/ }" >&2; }

cannot_begin() {
  complain "$1"
  exit 2
}

# --- What was asked for -----------------------------------------------------------------------------------------

check() {
  [[ -n $spec ]] || cannot_begin 'There is no spec. Say what to build, such as hdf5+mpi.'
  # The words go to Spack and into a page: no options, no control characters, no markup.
  local spec_pattern='^[A-Za-z0-9/][][A-Za-z0-9_.,:=@%^~+/" -]*$'
  [[ $spec =~ $spec_pattern ]] || cannot_begin "\"${spec//[^[:print:]]/?}\" is not a spec. Expected one such as hdf5@1.14: +mpi."
  [[ -z $compiler || $compiler =~ ^[a-z0-9][a-z0-9._-]*(@[=:a-z0-9._-]+)?$ ]] ||
    cannot_begin "\"${compiler//[^[:print:]]/?}\" is not a compiler. Expected one such as gcc@13."
  [[ -z $compiler || $spec != *%* ]] ||
    cannot_begin "Both the spec \"$spec\" and the compiler \"$compiler\" name a compiler. Leave one out."
  [[ -z $target || $target =~ ^[a-z0-9_]+$ ]] ||
    cannot_begin "\"${target//[^[:print:]]/?}\" is not a target. Expected one such as x86_64_v3."
  if [[ $mirror =~ $larder_pattern ]]; then
    is_larder=true
    mirror=${mirror%/} reports=${reports:-$mirror}
  elif [[ ! $mirror =~ ^oci(\+http)?://[a-z0-9.:-]+(/[a-z0-9._-]+)+$ && ! $mirror =~ ^/[^[:space:]]+$ ]]; then
    cannot_begin "\"${mirror//[^[:print:]]/?}\" is not a mirror. Expected https://HOST/mirrors/NAME, oci://ghcr.io/OWNER/NAME or a folder."
  fi
  [[ -z $reports ]] || look_at_reports
  # They stand in double quotes in a file.
  [[ $user$password =~ ^[][A-Za-z0-9._~+/=@-]*$ ]] || cannot_begin 'User or password of the registry hold characters that neither has.'
  [[ ! $mirror =~ ^oci || -n $password ]] ||
    cannot_begin 'There is no password for the registry. With ghcr.io it is the own token of the job, with the permission packages: write.'
  if [[ -n $reports ]]; then
    [[ -n ${LARDER_TOKEN:-} || -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} ]] ||
      cannot_begin 'There is no token. Give the job the permission id-token: write, and the mirror a trust rule; or give a token.'
  fi
}

# The server and the mirror that the reports go to.
look_at_reports() {
  [[ $reports =~ $larder_pattern ]] ||
    cannot_begin "\"${reports//[^[:print:]]/?}\" cannot be told of builds. Expected https://HOST/mirrors/NAME."
  server=${BASH_REMATCH[1]} name=${BASH_REMATCH[2]} reports=${reports%/}
}

# --- Who we are -------------------------------------------------------------------------------------------------

# Credentials go to curl by its standard input, where `ps` does not show them.
ask() { curl --silent --show-error --max-time 60 --retry 3 --config - "$@"; }

# The job's identity for a token of six hours.
token_of_job() {
  local identity answer
  identity=$(ask --fail "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$server" \
    <<<"header = \"Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\"" | jq -er .value) ||
    cannot_begin 'GitHub gave the job no identity. It needs the permission id-token: write.'
  answer=$(ask --fail-with-body "$server/auth/token?scope=repository:$name:push" <<<"user = \"job:$identity\"") ||
    cannot_begin "$reports does not trust this job. Its rules have to name ${GITHUB_REPOSITORY:-the repository} with push and report. It says: $answer"
  jq -er .token <<<"$answer" || cannot_begin "$server answered without a token."
}

token() {
  look_at_reports
  if [[ -n ${LARDER_TOKEN:-} ]]; then
    echo "$LARDER_TOKEN"
  elif [[ -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} ]]; then
    token_of_job
  fi
}

# Where the packages of the Larder are read: a private mirror is read below its token.
reading_url() {
  local status
  status=$(ask --output /dev/null --write-out '%{http_code}' "$server/api/v1/mirrors/${name//\//%2F}" <<<'') ||
    cannot_begin "$server cannot be reached."
  case $status in
    200) echo "$reports" ;;
    401) echo "$reports/~$LARDER_TOKEN" ;;
    404) cannot_begin "There is no mirror $name at $server. An admin makes it, and says whom it trusts." ;;
    *) cannot_begin "$reports answered $status." ;;
  esac
}

encoded() { jq -rn --arg text "$1" '$text | @uri'; }

# Where builds are reported, with the run they belong to.
report_url() {
  local url="$server/cdash/$name/submit.php?project=$(encoded "$name")"
  if [[ -n ${GITHUB_RUN_ID:-} ]]; then
    url+="&provider=github&repository=$(encoded "${GITHUB_REPOSITORY:-}")&run=$GITHUB_RUN_ID&attempt=${GITHUB_RUN_ATTEMPT:-1}"
    url+="&job=$(encoded "${LARDER_JOB:-${GITHUB_JOB:-}}")&commit=${GITHUB_SHA:-}&ref=$(encoded "${GITHUB_REF:-}")"
    url+="&runner=$(encoded "${RUNNER_NAME:-}")"
  fi
  echo "$url"
}

# --- Building ---------------------------------------------------------------------------------------------------

# Who pushes, as the version of Spack takes it: since 1.0 the secret stands in the environment only.
access_pair() {
  case $(spack --version) in
    0.*) printf '["%s", "%s"]' "$1" "$secret" ;;
    *) printf '{id: "%s", secret_variable: LARDER_SECRET}' "$1" ;;
  esac
}

# The mirrors of this build, in a scope of its own: nothing of the machine's configuration is changed.
configure() {
  local who
  mkdir -p "$work/scope" "$outbox"
  if [[ $is_larder = true ]]; then
    secret=$LARDER_TOKEN who=$(access_pair job)
  else
    secret=$password who=$(access_pair "$user")
  fi
  {
    echo 'mirrors:'
    if [[ -n $reports ]]; then
      echo "  cache: {fetch: {url: \"$reading\"}, binary: true, source: false, signed: false"
    elif [[ $mirror == /* ]]; then
      mkdir -p "$mirror"
      echo "  cache: {url: \"file://$mirror\", binary: true, source: false, signed: false"
    else
      echo "  cache: {fetch: {url: \"$mirror\", access_pair: $who}, binary: true, source: false, signed: false"
    fi
    if [[ $is_larder = true ]]; then
      echo "    , push: {url: \"oci://${server#*://}/$name\", access_pair: $who}"
    elif [[ $mirror != /* ]]; then
      echo "    , push: {url: \"$mirror\", access_pair: $who}"
    fi
    echo '  }'
    echo "  outbox: {url: \"file://$outbox\", binary: true, source: false, signed: false, autopush: true}"
  } >"$work/scope/mirrors.yaml"
  # Names of folders are written into binaries: long ones leave room for where others install.
  printf 'config:\n  install_tree:\n    padded_length: 128\n' >"$work/scope/config.yaml"
  [[ -z $target ]] || printf 'packages:\n  all:\n    target: [%s]\n' "$target" >"$work/scope/packages.yaml"
}

in_spack() { LARDER_SECRET=$secret spack -C "$work/scope" "$@"; }

# Hashes of what Spack put into a folder so far; a spec's document comes after its tarball.
hashes_in() {
  find "$1" -type f \( -name '*.spec.json*' -o -name '*.spec.manifest.json' \) 2>/dev/null |
    sed -nE 's/.*-([a-z2-7]{32})\.spec\.(json|json\.sig|manifest\.json)$/\1/p' | sort -u
}

# The bytes of a package in the outbox, in Spack's layout before 1.0 or since.
bytes_of() {
  local tarball manifest
  tarball=$(find "$outbox" -type f -name "*-$1.spack" -print -quit)
  if [[ -n $tarball ]]; then
    wc -c <"$tarball"
  else
    manifest=$(find "$outbox" -type f -name "*-$1.spec.manifest.json" -print -quit)
    jq '[.data[].contentLength] | max' "$manifest"
  fi
}

# Sends one package to the mirror. What it says stands in the log of the job.
push() {
  local hash=$1
  if [[ $is_larder = true ]] && (($(bytes_of "$hash") > max_request_bytes)); then
    if ! command -v larder >/dev/null; then
      complain "A package is larger than 90 MB and was not pushed: /${hash:0:7}. Put the program larder on the runner's PATH; it sends such files in parts."
      return 1
    fi
    LARDER_TOKEN=$LARDER_TOKEN larder push --skip-conflicts "$outbox" "$mirror" >&2
  else
    in_spack buildcache push --unsigned --only package cache "/$hash" >&2
  fi
}

# Pushes what was built since the last time. What fails is tried once more at the end.
push_new() {
  local hash
  for hash in $(comm -23 <(hashes_in "$outbox") <(sort -u "$work/pushed" "$work/refused")); do
    if push "$hash"; then echo "$hash" >>"$work/pushed"; else echo "$hash" >>"$work/refused"; fi
  done
}

# Where no Larder makes the index, Spack does. A Larder before a registry is told that there is news.
index() {
  in_spack buildcache update-index cache >&2 || return 1
  [[ -z $reports ]] || ask --fail --request POST "$server/api/v1/mirrors/${name//\//%2F}/refresh" --output /dev/null \
    <<<"header = \"Authorization: Bearer $LARDER_TOKEN\"" || say "$reports looks for news by itself later."
}

install() {
  local arguments=(install --show-log-on-error)
  if [[ -n $reports ]]; then
    arguments+=(--cdash-upload-url "$(report_url)" --cdash-site "${RUNNER_NAME:-$(hostname)}")
    arguments+=(--cdash-build "$spec${compiler:+ %$compiler}")
  fi
  # Unquoted on purpose: a spec may have several words, as in `hdf5 ^openmpi`.
  # shellcheck disable=SC2206
  local words=($spec)
  [[ -z $compiler ]] || words+=("%$compiler")
  SPACK_CDASH_AUTH_TOKEN=${LARDER_TOKEN:-} in_spack "${arguments[@]}" "${words[@]}"
}

build() {
  check
  command -v spack >/dev/null || cannot_begin 'Spack is not on the PATH.'
  # It is emptied, so it has to be one of ours.
  [[ ! -e $work || -e $work/.larder-build || -z $(ls -A "$work") ]] ||
    cannot_begin "$work holds other things. Set LARDER_WORK to a folder that may be emptied."
  rm -rf "$work"
  mkdir -p "$work"
  : >"$work/.larder-build"
  : >"$work/pushed"
  : >"$work/refused"
  reading=''
  if [[ -n $reports ]]; then
    LARDER_TOKEN=$(token)
    [[ -z ${GITHUB_ACTIONS:-} ]] || printf '::add-mask::%s\n' "$LARDER_TOKEN"
    # It stands in double quotes in files.
    [[ $LARDER_TOKEN =~ ^[A-Za-z0-9._~+/=-]+$ ]] || cannot_begin 'The token holds characters that no token has.'
    reading=$(reading_url)
  fi
  configure
  installed >"$work/before"

  local status=0 installing
  set +e
  install > >(tee "$work/log") 2>&1 &
  installing=$!
  while kill -0 "$installing" 2>/dev/null; do
    sleep "$pause_seconds"
    push_new
  done
  wait "$installing"
  status=$?
  : >"$work/refused"
  push_new
  set -e
  if [[ -s $work/pushed && $is_larder = false ]] && ! index; then
    complain "The packages were pushed, but the index of $mirror is as it was."
    status=1
  fi
  outcome "$status"
  [[ $status = 0 && ! -s $work/refused ]] || exit 1
}

# --- Telling ----------------------------------------------------------------------------------------------------

# What Spack installed, as JSON, without what the system has.
installed() {
  (in_spack find --json 2>/dev/null || echo '[]') | jq -c 'map(select(.external | not) | {hash, name: "\(.name)@\(.version)"})'
}

# What became of it, as JSON.
outcome() {
  local links
  links=$(grep -oE "$server_pattern/[^ ]*buildSummary\.php\?buildid=[0-9]+" "$work/log" | sort -u || true)
  jq -n --arg spec "$spec${compiler:+ %$compiler}" --arg job "${LARDER_JOB:-}" --argjson status "$1" \
    --argjson before "$(cat "$work/before")" --argjson after "$(installed)" --arg links "$links" \
    --arg here "$(hashes_in "$outbox")" --arg refused "$(cat "$work/refused")" \
    'def lines: split("\n") | map(select(. != ""));
     ($before | map(.hash)) as $old | ($here | lines) as $here | ($refused | lines) as $refused
     | ($after | map(select(.hash | IN($old[]) | not))) as $new
     | {$spec, $job, installed: ($status == 0),
        built: [$new[] | select(.hash | IN($here[])) | .name],
        reused: [$new[] | select(.hash | IN($here[]) | not) | .name],
        not_pushed: [$new[] | select(.hash | IN($refused[])) | .name],
        links: ($links | lines)}' >"$work/outcome.json"
  total "$work/outcome.json"
}

# A table of outcomes in Markdown. What comes from elsewhere stands in code, where it means nothing.
total() {
  (($# > 0)) || cannot_begin 'There is no outcome to tell of.'
  local run=''
  [[ -z ${GITHUB_RUN_ID:-} ]] || run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
  jq -rs --arg run "$run" --arg reports "$reports" '
    def code: "`" + gsub("[`|\n]"; " ") + "`";
    def few: if length == 0 then "" elif length > 8 then (.[:8] | map(code) | join(" ")) + " and \(length - 8) more" else map(code) | join(" ") end;
    def count(f): map(f | length) | add;
    "### Build cache: \(count(.built)) built, \(count(.reused)) reused, \(map(select(.installed | not)) | length) of \(length) failed\n",
    "| spec | job | result | built | reused | reports |", "|---|---|---|---|---|---|",
    (.[] | "| \(.spec | code) | \(if .job == "" then "" else .job | code end) | "
      + (if .installed | not then "**failed**" elif .not_pushed != [] then "**not pushed:** \(.not_pushed | few)" else "installed" end)
      + " | \(.built | few) | \(.reused | length) | "
      + (.links | to_entries[:8] | map("[\(.key + 1)](\(.value))") | join(" ")) + " |"),
    (if $reports != "" or $run != "" then "" else empty end),
    ([(if $reports != "" then "[The cache](\($reports | sub("/mirrors/"; "/m/")))" else empty end),
      (if $run != "" then "[this run](\($run))" else empty end)] | if . == [] then empty else join(" · ") end)
  ' "$@" >>"$summary"
}

case ${1:-} in
  check) check ;;
  build) build ;;
  token) token ;;
  total)
    shift
    total "$@"
    ;;
  *)
    say 'Usage: build.sh check | build | token | total FILE...'
    exit 2
    ;;
esac
