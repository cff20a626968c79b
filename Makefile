# Everything a clone needs. `make help` lists it.
SHELL := /bin/sh
export PATH := $(HOME)/.cargo/bin:$(PATH)
CARGO ?= cargo
# The test runner: cargo-nextest where it is installed, else cargo's own.
RUN_TESTS = $(if $(shell command -v cargo-nextest 2>/dev/null),nextest run,test --lib --bins --tests)

.DEFAULT_GOAL := help
.PHONY: help run build test lint fmt deps test-deps clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: deps ## Install what is missing, build for release and start the sidecar in the foreground
	@OTP_LOG_FORMAT=$${OTP_LOG_FORMAT:-text} exec $(CARGO) run --release --locked

build: deps ## Build for release
	$(CARGO) build --release --locked

test: test-deps lint ## Everything that must hold before a change goes in; ends with the runner's summary
	$(CARGO) test --locked --doc
	$(CARGO) $(RUN_TESTS) --locked

lint: ## Format, lints and documentation, none with a warning
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

fmt: ## Format the code
	$(CARGO) fmt --all

deps: ## Install a C compiler and redis-server where they are missing
	@./deploy/install-deps.sh

test-deps:
	@./deploy/install-deps.sh tests

clean: ## Remove what was built
	$(CARGO) clean
