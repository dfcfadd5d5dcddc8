#!/bin/sh
# Installs the Debian packages named on the command line that are missing, and
# says which. The list is in the Makefile: use `make deps`.
set -eu

if ! command -v dpkg-query >/dev/null; then
  echo "this is not Debian; you need what these packages hold: $*"
  exit 0
fi
missing=
for p in "$@"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $p"
done
if [ -z "$missing" ]; then
  echo 'all packages are there'
  exit 0
fi
echo "missing:$missing"

as_root=
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  command -v sudo >/dev/null || {
    echo "run as root: apt-get install$missing" >&2
    exit 1
  }
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # both are lists of words
{
  $as_root apt-get update -q
  $as_root apt-get install -q -y --no-install-recommends $missing
}
