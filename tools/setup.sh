#!/bin/sh
# Makes .venv with everything of requirements.lock and this project in it, without touching the system's Python.
#
# uv does the work. Where it is missing, pip puts it into .uv/ (a plain folder, so this also works on distributions that
# manage their Python themselves). Where even that fails, venv and pip alone do it, slower.
#
# Settings: PYTHON (interpreter to use), UV_* and PIP_* (mirrors, proxies, certificates: as in uv and pip).
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

python=''
for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
    if is_new_enough "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
    say "no Python 3.11 or newer found; install one, or name it: make setup PYTHON=/path/to/python3.11"
    exit 1
fi

# A mirror that pip is told to use is meant for uv, too.
of_pip() { "$python" -m pip config get "$1" 2>/dev/null || true; }
use() { # use UV_NAME pip-name: environment of uv first, then environment of pip, then pip's configuration
    eval "value=\${$1:-}"
    if [ -z "$value" ]; then
        eval "value=\${PIP_$(printf '%s' "$2" | tr 'a-z-' 'A-Z_'):-}"
        [ -n "$value" ] || value=$(of_pip "global.$2")
        [ -z "$value" ] || { eval "$1=\$value"; eval "export $1"; }
    fi
}
use UV_DEFAULT_INDEX index-url
use UV_INDEX extra-index-url
use SSL_CERT_FILE cert
links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$(of_pip global.find-links)}}
case $links in
    '' | *://*) ;;
    *) [ -d "$links" ] || links='' ;; # a folder that is gone must not stop the set-up
esac
[ -z "$links" ] || export UV_FIND_LINKS="$links"
export UV_PYTHON_DOWNLOADS=never

uv=''
for candidate in uv .uv/bin/uv; do
    if "$candidate" --version >/dev/null 2>&1; then uv=$candidate; break; fi
done
if [ -z "$uv" ] && "$python" -m pip --version >/dev/null 2>&1; then
    say "uv is not here, pip puts it into .uv/"
    "$python" -m pip install --quiet --disable-pip-version-check --target .uv 'uv>=0.8' >&2 || true
    if .uv/bin/uv --version >/dev/null 2>&1; then uv=.uv/bin/uv; fi
fi

if ! is_new_enough .venv/bin/python; then
    rm -rf .venv
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
    else
        say "uv cannot be had, venv and pip do its work"
        "$python" -m venv .venv
    fi
fi

if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
else
    .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
fi
# Byte code is made now, also where PYTHONDONTWRITEBYTECODE is set: without it every start takes seconds. Packages may hold
# templates that are no Python; those do not matter.
.venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
say "ready: $(.venv/bin/python --version), $(grep -c '==' requirements.lock) pinned packages in .venv"
