# Everything a clone needs. `make help` lists it.
SHELL := /bin/sh
export PATH := $(HOME)/.cargo/bin:$(PATH)
CARGO ?= cargo
# The test runner: cargo-nextest where it is installed, else cargo's own.
RUN_TESTS = $(if $(shell command -v cargo-nextest 2>/dev/null),nextest run,test --lib --bins --tests)

.DEFAULT_GOAL := help
.PHONY: help run build install dist static test-static test lint deny advisories fmt fuzz soak bench pictures deps test-deps bench-deps fuzz-deps compiled clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# What `otp_build_info` says.
REVISION = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

run: deps ## Install what is missing, build quickly (`make build` builds for speed) and start the sidecar in the foreground, with limits for a laptop (OTP_PRESET)
	@BUILD_REVISION=$(REVISION) OTP_PRESET=$${OTP_PRESET:-development} OTP_LOG_FORMAT=$${OTP_LOG_FORMAT:-text} exec $(CARGO) run --profile quick --locked

build: deps ## Build for release
	BUILD_REVISION=$(REVISION) $(CARGO) build --release --locked

# The Dockerfile's command, on what the Dockerfile copies.
STATIC_TARGET = $(shell rustc -vV | sed -n 's/^host: //p')

static: deps ## Build the program of the image, which needs no library and runs on any Linux
	BUILD_REVISION=$(REVISION) RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" $(CARGO) build --release --locked --target $(STATIC_TARGET)

# Where it goes, below DESTDIR for whoever makes packages. With PROGRAM= another program is taken, and none is built.
PREFIX ?= /usr/local
BUILDS = $(filter file default undefined,$(origin PROGRAM))
PROGRAM ?= target/release/otp-sidecar
TO = $(DESTDIR)$(PREFIX)

# Refused before anything is built or written: the unit names the program by this path.
ifneq ($(filter install,$(MAKECMDGOALS)),)
ifneq ($(PREFIX),$(or $(filter /%,$(firstword $(PREFIX))),/))
$(error PREFIX must be an absolute path without white space, such as /usr/local, and is '$(PREFIX)')
endif
endif

install: $(if $(BUILDS),build) ## Install the program, its manual, completions and unit below PREFIX=/usr/local
	install -D -m 755 "$(PROGRAM)" "$(TO)/bin/otp-sidecar"
	install -d "$(TO)/share/man/man1" && install -m 644 deploy/man/*.1 "$(TO)/share/man/man1"
	install -D -m 644 deploy/completions/otp-sidecar.bash "$(TO)/share/bash-completion/completions/otp-sidecar"
	install -D -m 644 deploy/completions/_otp-sidecar "$(TO)/share/zsh/site-functions/_otp-sidecar"
	install -D -m 644 deploy/completions/otp-sidecar.fish "$(TO)/share/fish/vendor_completions.d/otp-sidecar.fish"
	install -D -m 644 deploy/systemd/otp-sidecar.service "$(TO)/lib/systemd/system/otp-sidecar.service"
	sed -i 's|/usr/local/bin/|$(PREFIX)/bin/|' "$(TO)/lib/systemd/system/otp-sidecar.service"

DIST = target/dist
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
RELEASE = otp-sidecar-$(VERSION)-$(STATIC_TARGET)

dist: $(if $(BUILDS),static) ## Make a release in target/dist: the static program with all that `install` puts, its bill of materials, SHA256SUMS
	rm -rf $(DIST) && mkdir -p $(DIST)
	$(MAKE) --no-print-directory install PREFIX=/usr/local DESTDIR=$(DIST)/$(RELEASE) \
		PROGRAM="$(if $(BUILDS),target/$(STATIC_TARGET)/release/otp-sidecar,$(PROGRAM))"
	cp LICENSE README.md CHANGELOG.md $(DIST)/$(RELEASE)
	python3 deploy/sbom.py $(STATIC_TARGET) > $(DIST)/$(RELEASE).cdx.json
	tar -C $(DIST) --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$$(git log -1 --format=%ct 2>/dev/null || echo 0)" \
		-czf $(DIST)/$(RELEASE).tar.gz $(RELEASE)
	rm -rf $(DIST)/$(RELEASE)
	cd $(DIST) && sha256sum $(RELEASE).tar.gz $(RELEASE).cdx.json > SHA256SUMS

test-static: static test-deps ## Run the image's test with that program
	OTP_TEST_STATIC=$(CURDIR)/target/$(STATIC_TARGET)/release/otp-sidecar $(CARGO) test --locked --test it deploy::image::

# What the runner writes down of each test.
JUNIT = target/nextest/default/junit.xml

# What tests need comes from the network, while this machine compiles.
test: deps ## Everything that must hold before a change goes in; ends with the runner's summary
	@$(MAKE) --no-print-directory --jobs=2 test-deps compiled
	@$(MAKE) --no-print-directory deny
	@rm -f $(JUNIT)
	$(CARGO) $(RUN_TESTS) --locked || { code=$$?; [ ! -f $(JUNIT) ] || awk -f tests/failed.awk $(JUNIT); exit $$code; }

compiled: lint
	$(CARGO) test --locked --no-run

lint: ## Format, lints and documentation, none with a warning
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

# Of PATH, else what `make test-deps` took from a package.
CARGO_DENY = $(shell command -v cargo-deny 2>/dev/null || echo target/tools/cargo-deny)

deny: ## Check licences, sources and bans of all dependencies by deny.toml
	$(CARGO_DENY) --log-level error --locked check licenses bans sources

advisories: test-deps ## Check dependencies for known vulnerabilities; fetches their list from the network
	$(CARGO_DENY) --locked check advisories

fmt: ## Format the code
	$(CARGO) fmt --all

# Coverage counters for libFuzzer; they need neither a nightly compiler nor a sanitizer.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(notdir $(wildcard tests/fuzz/corpus/*))
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_COVERAGE = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing

fuzz: fuzz-deps ## Search for inputs that break something, FUZZ_SECONDS=60 for each of FUZZ_TARGETS; keeps what it finds
	RUSTFLAGS="$(FUZZ_COVERAGE)" $(CARGO) build --locked --manifest-path tests/fuzz/engine/Cargo.toml \
		--target $(FUZZ_HOST) --target-dir target/fuzz
	@for target in $(FUZZ_TARGETS); do \
		echo "fuzz: $$target, $(FUZZ_SECONDS) s"; mkdir -p target/fuzz/found/$$target; \
		FUZZ_TARGET=$$target target/fuzz/$(FUZZ_HOST)/debug/otp-sidecar-fuzz target/fuzz/found/$$target \
			tests/fuzz/corpus/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=30 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=tests/fuzz/corpus/$$target/ || exit 1; \
	done

SOAK_MINUTES ?= 60
FLOOD_MINUTES ?= 10
SOAK_KILLS ?= 1000
SIM_MINUTES ?= 60

soak: deps ## SOAK_KILLS=1000 sidecars killed under load, all faults at once for SOAK_MINUTES=60 (SOAK_SEED repeats), then made-up names for FLOOD_MINUTES=10, then simulations for SIM_MINUTES=60
	OTP_TEST_KILLS=$(SOAK_KILLS) $(CARGO) test --locked --test it adversity::faults::crash:: -- --nocapture
	OTP_TEST_KILLS=$(SOAK_KILLS) $(CARGO) test --locked --test it adversity::trail:: -- --nocapture
	SOAK_MINUTES=$(SOAK_MINUTES) $(CARGO) test --locked --test it soak::it_holds_for_long -- --ignored --exact --nocapture
	FLOOD_MINUTES=$(FLOOD_MINUTES) $(CARGO) test --locked --test it soak::flood::for_long -- --ignored --exact --nocapture
	SIM_MINUTES=$(SIM_MINUTES) $(CARGO) test --locked --test it simulation::for_long -- --ignored --exact --nocapture

# BENCH_ONLY=send/hmac/unix,reference (parts of names), BENCH_SECONDS=1.5, BENCH_REPEATS=3, BENCH_OUT=target/bench and
# BENCH_SIDECAR=another binary change a run; one of parts or of another binary leaves the page as it is, unless BENCH_PARTS=yes
# adds it to what lies in BENCH_OUT and all is there then. With BENCH_BEFORE=an earlier commit, which is built beside, or
# BENCH_AGAINST=another binary, each operation is measured with both in turn, and the ratios are printed.
BEFORE = $(CURDIR)/target/before/$(shell git rev-parse --verify --quiet "$(BENCH_BEFORE)^{commit}" || echo unknown)
AGAINST = $(if $(BENCH_BEFORE),$(BEFORE)/target/release/otp-sidecar,$(BENCH_AGAINST))
PUBLISH = $(if $(BENCH_SIDECAR)$(AGAINST),no,$(if $(BENCH_ONLY),$(or $(BENCH_PARTS),no),yes))

bench: bench-deps $(if $(BENCH_BEFORE),$(AGAINST)) ## Measure speed, memory and scale beside their limits and rewrite the page on performance; BENCH_BEFORE=commit compares with that
	$(if $(AGAINST),BENCH_AGAINST="$(AGAINST)" BENCH_ONLY="$(or $(BENCH_ONLY),versus)") BENCH_PUBLISH=$(PUBLISH) \
		$(CARGO) bench --locked --bench bench

# A program of another commit; once it is built it stays.
$(CURDIR)/target/before/%/target/release/otp-sidecar:
	git worktree add --force --detach "$(CURDIR)/target/before/$*" $*
	cd "$(CURDIR)/target/before/$*" && $(CARGO) build --release --locked

pictures: test-deps ## Draw the console and the dashboards anew, from what a real Prometheus says, some 3 minutes
	$(CARGO) test --locked --test it console::pictures::are_drawn -- --ignored --exact
	$(CARGO) test --locked --test it deploy::pictures::are_drawn -- --ignored --exact

deps: ## Install a C compiler and redis-server where they are missing
	@./deploy/install-deps.sh

test-deps:
	@./deploy/install-deps.sh tests

bench-deps:
	@./deploy/install-deps.sh bench

fuzz-deps:
	@./deploy/install-deps.sh fuzz

clean: ## Remove what was built
	$(CARGO) clean
