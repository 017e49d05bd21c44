#!/usr/bin/env bash
#
# Prints the folder that holds etcd, kube-apiserver, kube-controller-manager and kubectl, after making sure that all
# four are in it. The folder is the only line on stdout, so that a Makefile can say
#
#     KUBEBUILDER_ASSETS="$(hack/controlplane/build.sh)" go test ./...
#
# With an argument, the name of a folder beside this script such as v1.24, it does so for an old version of Kubernetes:
# its kube-apiserver and kube-controller-manager, beside the current etcd and kubectl.
#
# Environment:
#   KUBEBUILDER_ASSETS       a folder with at least etcd and kube-apiserver, to be used instead of our own
#   KUBEBUILDER_ASSETS_OLD   the same for an old version
#   CONTROLPLANE_DOWNLOAD=0  build from source without trying a download first
#
# Versions come from go.mod beside this script, or in the named folder. A first build takes 9 to 12 CPU minutes, that of
# the old programs another 5; later calls return at once.
set -euo pipefail

# Whatever the commands below print is progress; only the answer goes to the real stdout.
exec 3>&1 1>&2

say() { echo "controlplane: $*"; }

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="$(cd "$here/../.." && pwd)/.cache/controlplane"
old="${1:-}"
module="$here${old:+/$old}"
if [[ ! -f "$module/go.mod" ]]; then
  say "no old version is called $old: there is no $module/go.mod"
  exit 1
fi
version="$(cd "$module" && go list -m -f '{{.Version}}' k8s.io/kubernetes)"
built="$cache/$version"
programs=(etcd kube-apiserver kube-controller-manager kubectl)
variable=KUBEBUILDER_ASSETS
cost="9 to 12"
tags=""
if [[ -n "$old" ]]; then
  variable=KUBEBUILDER_ASSETS_OLD
  cost=5
  # Without the clients of clouds, which are hundreds of megabytes of sources.
  tags=providerless
fi

unfinished=""
trap 'rm -f "$unfinished"' EXIT

package_of() {
  case "$1" in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

# A build from a module knows no tag, and would call itself v0.0.0: tell it the version that go.mod names. There is no
# commit and no date to tell, so none is invented.
version_flags() {
  local number="${version#v}" package
  local major="${number%%.*}" rest="${number#*.}"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.%s ' \
      "$package" "gitVersion=$version" "$package" "gitMajor=$major" "$package" "gitMinor=${rest%%.*}" \
      "$package" "gitCommit=module" "$package" "gitTreeState=clean"
  done
}

announced=""
announce() {
  [[ -z "$announced" ]] || return 0
  announced=yes
  say "building what is missing of Kubernetes $version: $cost CPU minutes for all of it the first time,"
  say "seconds when Go still has the objects, nothing once it is in $built"
}

# Built under another name and then renamed, so that an interrupted build is never taken for a finished one.
build() {
  local program="$1" package started=$SECONDS
  package="$(package_of "$program")"
  announce
  unfinished="$(mktemp "$built/.$program.XXXXXX")"
  say "building $program from $package"
  # One program at a time, and two jobs: linking one takes up to 2.4 GiB of memory.
  if ! (cd "$module" && CGO_ENABLED=0 go build -p 2 -trimpath -tags "$tags" -ldflags "-s -w $(version_flags)" \
    -o "$unfinished" "$package"); then
    say "could not build $program; is the Go module proxy reachable?"
    return 1
  fi
  chmod 755 "$unfinished"
  mv -f "$unfinished" "$built/$program"
  unfinished=""
  say "built $program in $((SECONDS - started)) s"
}

# Sees to it that our own folder has the program. For an old version etcd and kubectl are those of the current one.
ensure_built() {
  mkdir -p "$built"
  if [[ -n "$old" && ("$1" == etcd || "$1" == kubectl) ]]; then
    # A link that is right stays: a test may be starting the program at this moment.
    [[ "$(readlink "$built/$1")" == "$current/$1" ]] || ln -sf "$current/$1" "$built/$1"
  else
    [[ -x "$built/$1" ]] || build "$1"
  fi
}

# The published envtest archive has all but kube-controller-manager. Only the very version of go.mod will do, and no
# network, or one that swallows packets, must not hold up the build for long.
download() {
  local found program
  [[ -z "$old" && "${CONTROLPLANE_DOWNLOAD:-1}" != 0 ]] && command -v timeout >/dev/null || return 0
  [[ ! -x "$built/etcd" && ! -x "$built/kube-apiserver" ]] || return 0
  if ! found="$(cd "$here" && timeout 90 go tool setup-envtest use "${version#v}" \
    --bin-dir "$cache/envtest" -p path 2>/dev/null)"; then
    say "no envtest archive of $version within reach; building from source"
    return 0
  fi
  mkdir -p "$built"
  for program in etcd kube-apiserver kubectl; do
    ln -sf "$found/$program" "$built/$program"
  done
}

# A given folder is left as it is: what it lacks is built into our own and put beside links to what it has.
complete_given() {
  local given="$1" program folder missing=()
  for program in etcd kube-apiserver; do
    if [[ ! -x "$given/$program" ]]; then
      say "$variable=$given has no $program; name a folder with etcd and kube-apiserver, or unset it"
      return 1
    fi
  done
  given="$(cd "$given" && pwd)"
  for program in "${programs[@]}"; do
    [[ -x "$given/$program" ]] || missing+=("$program")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then
    echo "$given" >&3
    return
  fi
  folder="$cache/given-$(printf %s "$given" | cksum | cut -d' ' -f1)"
  mkdir -p "$folder"
  for program in "${programs[@]}"; do
    if [[ -x "$given/$program" ]]; then
      ln -sf "$given/$program" "$folder/$program"
    else
      ensure_built "$program"
      ln -sf "$built/$program" "$folder/$program"
    fi
  done
  echo "$folder" >&3
}

main() {
  local program
  # The cache ignores itself, wherever it is.
  mkdir -p "$cache"
  echo '*' >"$cache/.gitignore"
  current="${old:+$("$here/build.sh")}"
  if [[ -n "${!variable:-}" ]]; then
    complete_given "${!variable}"
    return
  fi
  download
  for program in "${programs[@]}"; do
    ensure_built "$program"
  done
  echo "$built" >&3
}

main
