# Every habit is one of these words. `make run` and `make test` work from nothing.

# The machine that builds. Given explicitly, so that the static C library is linked into
# the binary and not into the procedural macros.
HOST := $(shell rustc -vV | sed -n 's/^host: //p')
OUT := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
comma := ,
SOURCES := $(shell find applets src tests -name '*.rs')
FLAGS := CARGO_TARGET_$(shell echo $(HOST) | tr a-z- A-Z_)_RUSTFLAGS
export $(FLAGS) := -C target-feature=+crt-static

.PHONY: all build check fmt fmt-check clippy unit oracle
.PHONY: setup image run telnet vm dist cross layout size fuzz bench bench-lab bench-here test

all: build

# The everyday binary, static, at target/safebox. At a fixed address it starts sooner: there
# is nothing to relocate, and pages that are not written need no copy after a fork. Nothing
# unwinds, so there are no tables for it. What a boot runs lies together (applets/layout.ld).
LAYOUT := applets/layout.ld
build: export $(FLAGS) := -C target-feature=+crt-static -C relocation-model=static -C force-unwind-tables=no \
	$(if $(LAYOUT),-C link-arg=-Wl$(comma)-T$(comma)$(LAYOUT)) $(FLAGS_MORE)
build:
	@[ ! "$(LAYOUT)" -nt "$(OUT)/$(HOST)/release/safebox" ] || touch applets/main.rs
	cargo build --release --locked --target $(HOST)
	@mkdir -p target
	@ln -sf $(abspath $(OUT))/$(HOST)/release/safebox target/safebox

# What a change needs; no root, no network, a few minutes.
check: fmt-check clippy unit

# The modules made by the applet table are invisible to cargo fmt: hand over the files.
fmt:
	@rustfmt --edition 2024 $(SOURCES)

fmt-check:
	@rustfmt --edition 2024 --check $(SOURCES)

clippy:
	cargo clippy --locked --all-targets --target $(HOST) -- -D warnings

unit:
	cargo test --locked --target $(HOST)

# The transcripts against busybox: does the original agree with them?
oracle:
	SAFEBOX_ORACLE=1 SAFEBOX=$(shell command -v busybox) cargo test --locked --no-fail-fast --target $(HOST) --test cli --test shell -- --nocapture

# Installs what the targets below need, as far as it is missing; see tests/vm/setup.sh.
setup:
	@tests/vm/setup.sh

# The firmware of the lab's board: target/image/. `make image VERSION=x` gives it a version.
image: build
	@tests/vm/setup.sh image
	@tests/vm/image.sh $(VERSION)

# Boots it in this terminal; `make telnet` visits it from a second one. `FRESH=1` starts over,
# `ROUTER=name` is another router with a flash of its own.
run: image
	@tests/vm/setup.sh lab
	@tests/vm/boot.sh
	@ROUTER=$(ROUTER) FRESH=$(FRESH) tests/vm/run.sh

# A session that the router ends counts as a failure with some clients.
telnet:
	@ROUTER=$(ROUTER) tests/vm/run.sh telnet || true

# The emulated router, put through what its owner would do. Needs root. ONLY=part of a name
# selects; ONLY=cuts CUTS=50 cuts the power at 50 moments of each story instead of a few.
vm: image
	@tests/vm/setup.sh lab
	@tests/vm/vm.sh $(ONLY)

# A small build for another machine: make dist TARGET=mips-unknown-linux-musl
dist:
	@tests/vm/setup.sh small
	@tests/small/dist.sh $(TARGET)

# All transcripts on a 32-bit big-endian processor.
cross:
	@tests/small/cross.sh

# Writes applets/layout.ld anew, from a boot of the lab's board.
layout:
	@tests/vm/setup.sh image
	@tests/vm/setup.sh lab
	@tests/vm/boot.sh
	@tests/small/layout.sh
	@$(MAKE) build

# Packed sizes against busybox and dropbear, and against the budget in tests/size.txt.
size: build
	@tests/vm/setup.sh peers
	@tests/small/size.sh

# Inputs made up by coverage, a minute per target: make fuzz [TARGET=uci] [SECONDS=600]
fuzz:
	@tests/fuzz/run.sh "$(TARGET)" $(SECONDS)

# How fast, against busybox, dash and netcat: see tests/bench/README.md. ONLY=word selects;
# ONLY=lab is the flash of the emulated router.
bench: $(if $(filter lab,$(ONLY)),bench-lab,bench-here)

bench-lab: image
	@tests/vm/setup.sh lab
	@tests/vm/vm.sh --bench

bench-here: build
	@tests/vm/setup.sh peers
	@cargo bench --locked --profile dev --target $(HOST) --bench bench -- "$(ONLY)"
	@tests/bench/boot.sh "$(ONLY)"

# Everything, from nothing.
test:
	$(MAKE) setup
	$(MAKE) check
	$(MAKE) size
	$(MAKE) cross
	$(MAKE) vm
