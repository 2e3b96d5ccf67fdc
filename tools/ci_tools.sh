#!/bin/sh
# Gets checkers that are no Python packages, to where the tests find them:
#
#     sh tools/ci_tools.sh          promtool, out of Debian's package, which is unpacked and not installed, and
#                                   Chromium for the tests of the page, which root installs and others ask for
#     sh tools/ci_tools.sh helm     helm too, built with Go: takes minutes
#
# What cannot be had is named; the tests that need it skip with that reason.
set -u
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
say() { printf '%s\n' "ci_tools: $*" >&2; }

get_promtool() {
    [ ! -x "$bin/promtool" ] || return 0
    found=$(command -v promtool) && ln -sf "$found" "$bin/promtool" && return 0
    command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || { say "no promtool: no apt-get here"; return 0; }
    place=$(mktemp -d) || return 0
    chmod 755 "$place"
    if [ "$(id -u)" = 0 ] && [ -z "$(apt-cache madison prometheus 2>/dev/null)" ]; then apt-get update -qq >/dev/null 2>&1; fi
    if (cd "$place" && apt-get download -qq prometheus >/dev/null 2>&1 && dpkg -x prometheus_*.deb .); then
        install -m 755 "$place/usr/bin/promtool" "$bin/promtool"
    else
        say "no promtool: Debian's package prometheus cannot be had"
    fi
    rm -rf "$place"
}

get_helm() {
    [ ! -x "$bin/helm" ] || return 0
    found=$(command -v helm) && ln -sf "$found" "$bin/helm" && return 0
    command -v go >/dev/null 2>&1 || { say "no helm: no Go here"; return 0; }
    GOBIN=$bin go install helm.sh/helm/v3/cmd/helm@v3.16.4 || say "no helm: it cannot be built"
}

get_chromium() {
    ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 || return 0
    command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || { say "no Chromium: ask root for apt-get install chromium"; return 0; }
    install='apt-get install -y -qq --no-install-recommends chromium'
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    $install >/dev/null 2>&1 || { apt-get update -qq >/dev/null 2>&1; $install >/dev/null 2>&1; } \
        || say "no Chromium: Debian's package chromium cannot be had"
}

get_promtool
get_chromium
[ "${1:-}" != helm ] || get_helm
