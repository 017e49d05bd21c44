#!/usr/bin/env bash
#
# Prints the folder that holds prometheus, promtool and prometheus-alertmanager, after making sure that all three are in
# it. The folder is the only line on stdout, so that a Makefile can say
#
#     PROMETHEUS_ASSETS="$(hack/prometheus/fetch.sh)" go test ./...
#
# Where they are not and cannot be had, it says on stderr what to install and prints nothing: the tests that need them
# are skipped then.
#
# Environment:
#   PROMETHEUS_ASSETS        a folder with the three, to be used instead of our own
#   PROMETHEUS_DOWNLOAD=0    download nothing
#
# They are those of the PATH, or else those of Debian's packages, of whatever version this Debian has: 30 MB, unpacked
# without being installed, so that it takes no root's rights. Later calls return at once.
set -euo pipefail

# Whatever the commands below print is progress; only the answer goes to the real stdout.
exec 3>&1 1>&2

say() { echo "prometheus: $*"; }

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="$(cd "$here/../.." && pwd)/.cache/prometheus"
folder="$cache/bin"
packages=(prometheus prometheus-alertmanager)
# Debian has Alertmanager under the second name; elsewhere it has the third.
programs=(prometheus promtool prometheus-alertmanager)
plain_alertmanager=alertmanager
# Where Alertmanager has its templates when the package is installed, and a path of the same length that says: here.
installed=/usr/share/prometheus/alertmanager
beside=./././././././././././././././././

scratch=""
trap 'rm -rf "$scratch"' EXIT

# The programs that a folder lacks.
missing_in() {
  local program
  for program in "${programs[@]}"; do
    if [[ -x "$1/$program" || ("$program" == prometheus-alertmanager && -x "$1/$plain_alertmanager") ]]; then
      continue
    fi
    echo "$program"
  done
}

# A folder becomes ours in one step and whole, or not at all: an interrupted run leaves nothing, and of two at once the
# later finds that there is one already. Only Linux has -T, with which nothing is moved into a folder that exists.
publish() {
  [[ -z "$(missing_in "$1")" ]] || return 1
  if ! mv -T "$1" "$folder" 2>/dev/null && [[ -n "$(missing_in "$folder")" ]]; then
    # What is there is unusable, such as links to programs that were removed.
    rm -rf "$folder"
    mv "$1" "$folder"
  fi
}

# Links to the programs of the PATH, all three or none.
link() {
  local program found
  mkdir "$scratch/linked"
  for program in "${programs[@]}"; do
    found="$(type -P "$program" || { [[ "$program" == prometheus-alertmanager ]] && type -P "$plain_alertmanager"; })" || return 1
    ln -s "$found" "$scratch/linked/$program"
  done
  publish "$scratch/linked"
}

# What apt-get writes goes into the scratch folder: nothing of the system is changed, and nobody has to be root. Its
# other user, for whom it would need the folder to be open, is not called in.
apt() {
  timeout 300 apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
    -o Acquire::https::Timeout=20 -o Dir::Cache="$scratch/cache" "$@"
}

download() {
  local lists=(-o Dir::State::lists="$scratch/lists") program
  [[ "${PROMETHEUS_DOWNLOAD:-1}" != 0 ]] || return 1
  for program in apt-get dpkg-deb timeout; do
    type -P "$program" >/dev/null || return 1
  done
  say "downloading Debian's packages ${packages[*]}, 30 MB"
  mkdir -p "$scratch/cache/archives/partial" "$scratch/lists/partial" "$scratch/packages" "$scratch/root" "$scratch/unpacked"
  cd "$scratch/packages"
  # The system's lists may not know the packages, as those of a fresh image, or know versions that are gone.
  if ! apt download "${packages[@]}" 2>/dev/null; then
    apt "${lists[@]}" update || true # the download tells whether it was good enough
    apt "${lists[@]}" download "${packages[@]}" || return 1
  fi
  for program in *.deb; do
    dpkg-deb -x "$program" "$scratch/root" || return 1
  done
  cd "$scratch"
  for program in "${programs[@]}"; do
    cp "root/usr/bin/$program" unpacked/ || return 1
  done
  # Debian's Alertmanager does not start without its templates. They are put beside the program, which is told that
  # they are in the working directory.
  if [[ -d "root$installed" ]]; then
    cp "root$installed"/*.tmpl unpacked/ &&
      LC_ALL=C sed -i "s|$installed|$beside|g" unpacked/prometheus-alertmanager || return 1
  fi
  publish "$scratch/unpacked"
}

main() {
  local missing
  if [[ -n "${PROMETHEUS_ASSETS:-}" ]]; then
    missing="$(missing_in "$PROMETHEUS_ASSETS")"
    if [[ -n "$missing" ]]; then
      say "PROMETHEUS_ASSETS=$PROMETHEUS_ASSETS has no ${missing//$'\n'/, }; name a folder that has, or unset it"
      return 1
    fi
    (cd "$PROMETHEUS_ASSETS" && pwd >&3)
    return
  fi
  # The cache ignores itself, wherever it is.
  mkdir -p "$cache"
  [[ -e "$cache/.gitignore" ]] || echo '*' >"$cache/.gitignore"
  if [[ -n "$(missing_in "$folder")" ]]; then
    # In the cache, so that it can be renamed.
    scratch="$(mktemp -d "$cache/.fetch.XXXXXX")"
    if ! link && ! download; then
      say "install Prometheus and Alertmanager (Debian's packages ${packages[*]}) into the PATH, or set"
      say "PROMETHEUS_ASSETS to a folder with ${programs[*]}; without them some tests are skipped"
      return 0
    fi
  fi
  echo "$folder" >&3
}

main
