#!/bin/sh
# Installs the Debian packages named on the command line that are missing, and
# says which; NAME@VERSION is missing, too, where it is older than that. The
# list is in the Makefile: use `make deps`.
set -eu

if ! command -v dpkg-query >/dev/null; then
  echo "this is not Debian; the packages would be: $*" >&2
  exit 0
fi

missing=
for p in "$@"; do
  name=${p%@*} least=
  [ "$name" = "$p" ] || least=${p#*@}
  # shellcheck disable=SC2016 # dpkg's own variables
  have=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$name" \
    2>/dev/null || true)
  if [ "${have%% *}" != installed ]; then
    missing="$missing $name"
  elif [ -n "$least" ] &&
    dpkg --compare-versions "${have#* }" lt "$least"; then
    missing="$missing $name"
  fi
done
if [ -z "$missing" ]; then
  echo 'all packages are there'
  exit 0
fi
echo "missing:$missing"

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install them as root: apt-get install$missing" >&2
    exit 1
  fi
  as_root='sudo DEBIAN_FRONTEND=noninteractive'
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -q -y --no-install-recommends $missing
