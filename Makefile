# SPDX-License-Identifier: GPL-2.0-or-later
#
# One entry for everything. Every target runs inside the toolbox (tools/toolbox), which is made on
# first use; TOOLBOX=host uses the host's own tools instead. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-builtin-variables

.DEFAULT_GOAL := help

# Where everything that is built goes. Tests find it by the environment variable of the same name.
BUILD ?= build
export BUILD

# Which layer of the toolbox a target needs; every target named here is re-entered inside it.
RUN_TARGETS := all hypervisor host guest size unit demo bringup test mutants image
DEVELOP_TARGETS := check format prove fuzz prove-fuzz coverage

TOOLBOX ?= toolbox
ifeq ($(TOOLBOX),host)
IN_TOOLBOX := 1
endif

.PHONY: help setup shell run clean distclean $(RUN_TARGETS) $(DEVELOP_TARGETS)

help:
	@echo 'Targets (inside the toolbox, made on first use; TOOLBOX=host to use your own tools):'
	@sed -n 's/^#: //p' Makefile

#: demo         build everything, boot two zones, pass an NVMe drive and an igb card through, account for it
#: run          the same machine, live: root shell, zone consoles, monitor
#: bringup      the image tests PLATFORM=qemu-virt ARCH=aarch64 (loongarch64) with drivers of its own
#: test         unit tests, then system tests; ends with "N passed, N failed"
#: mutants      break the code on purpose, expect a named test to notice each time
#: fuzz         fuzz each target for MINUTES=10 (docs/fuzzing.md); TARGETS="config msix" for some
#: prove-fuzz   plant a bug for each fuzz target, expect it to be found within a minute
#: coverage     lines run by unit tests and fuzz inputs; fails under 90 % in core/ or pci/
#: prove        CBMC proofs of what must not happen, each with a broken twin that it must notice
#: check        format, headers, warnings (gcc and clang), cppcheck, naming and layer rules
#: hypervisor   build/aarch64/postern.elf and postern.Image; ARCH=loongarch64: postern.elf and
#:              BOOTLOONGARCH64.EFI
#: image        PLATFORM=loongarch-3a6000: the EFI partition a board boots (docs/boards/)
#: host         build/host/postern, the command for a developer's host
#: unit         build and run the unit tests alone
#: size         text, data and bss of the hypervisor
#: guest        build/guest/: the zones' kernel and initrds
#: all          everything that can be built
#: format       rewrite the C sources with clang-format
#: setup        make the toolbox and fetch the guests' packages (the only downloads), then stop
#: shell        a shell in the toolbox
#: clean        remove build/
#: distclean    remove build/ and the shared toolbox and packages

toolbox := tools/toolbox/toolbox
jobs = $(if $(findstring j,$(filter-out --%,$(firstword -$(MAKEFLAGS))))$(filter -j%,$(MAKEFLAGS)),,-j$$(nproc))

ifneq ($(IN_TOOLBOX),1)

again = $(toolbox) exec $(1) -- make --no-print-directory IN_TOOLBOX=1 $(2)

$(RUN_TARGETS):
	+@$(call again,run,$(jobs) $@)

$(DEVELOP_TARGETS):
	+@$(call again,develop,$(jobs) $@)

# The live machine gets the terminal to itself: it is no parallel make's child.
run:
	+@$(call again,run,$(jobs) all)
	+@$(call again,run,live)

setup:
	@$(toolbox) setup run
	+@$(call again,run,guest-packages)

shell:
	@$(toolbox) exec develop -- bash

else

include tools/make/hypervisor.mk
include tools/make/host.mk
include tools/make/guest.mk
include tools/make/bundle.mk
include tools/make/bringup.mk
include tools/make/image.mk
include tools/make/test.mk
include tools/make/check.mk
include tools/make/prove.mk
include tools/make/fuzz.mk
include tools/make/coverage.mk

all: hypervisor-aarch64 hypervisor-loongarch64 host guest bundles

# Reached with TOOLBOX=host only.
run:
	+@$(MAKE) --no-print-directory $(jobs) all
	+@$(MAKE) --no-print-directory live

setup: guest-packages

shell:
	@bash

endif

clean:
	rm -rf $(BUILD)

distclean: clean
	@$(toolbox) clean
