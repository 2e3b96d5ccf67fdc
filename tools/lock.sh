#!/bin/sh
# Pins every package of pyproject.toml and of its group `dev`, with hashes and without addresses, for all platforms.
set -eu
cd "$(dirname "$0")/.."
uv=uv
[ ! -x .uv/bin/uv ] || uv=.uv/bin/uv
"$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-header --no-annotate --extra frame --extra otlp --extra train --group dev --output-file requirements.lock pyproject.toml
# Addresses and folders of one machine have no place in the lock.
! grep -nE '^--|://|file:' requirements.lock || { echo "lock: addresses in requirements.lock" >&2; exit 1; }
