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

# Which layer of the toolbox a target needs; every target named here is re-entered inside it.
RUN_TARGETS := all hypervisor host guest unit demo run test mutants
DEVELOP_TARGETS := check format

TOOLBOX ?= toolbox
ifeq ($(TOOLBOX),host)
IN_TOOLBOX := 1
endif

.PHONY: help setup shell clean distclean $(RUN_TARGETS) $(DEVELOP_TARGETS)

help:
	@echo 'Targets (inside the toolbox, made on first use; TOOLBOX=host to use your own tools):'
	@sed -n 's/^#: //p' Makefile

#: demo         build everything, boot two zones, pass an NVMe drive and an igb card through, account for it
#: run          the same machine, live: root shell, zone consoles, monitor
#: test         unit tests, then system tests; ends with "N passed, N failed"
#: mutants      break the code on purpose, expect a named test to notice each time
#: check        format, headers, warnings (gcc and clang), cppcheck, naming and layer rules
#: hypervisor   build/aarch64/postern.elf and postern.Image
#: host         build/host/postern, the command for a developer's host
#: unit         build and run the unit tests alone
#: guest        build/guest/: the zones' kernel and initrds
#: all          everything that can be built
#: format       rewrite the C sources with clang-format
#: setup        make the toolbox and fetch the guests' packages (the only downloads), then stop
#: shell        a shell in the toolbox
#: clean        remove build/
#: distclean    remove build/ and the shared toolbox and packages

ifneq ($(IN_TOOLBOX),1)

toolbox := tools/toolbox/toolbox
again = +@$(toolbox) exec $(1) -- make --no-print-directory IN_TOOLBOX=1 $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc)) $@

$(RUN_TARGETS):
	$(call again,run)

$(DEVELOP_TARGETS):
	$(call again,develop)

setup:
	@$(toolbox) setup run
	@$(toolbox) exec run -- make --no-print-directory IN_TOOLBOX=1 guest-packages

shell:
	@$(toolbox) exec develop -- bash

distclean: clean
	@$(toolbox) clean

else

include tools/make/hypervisor.mk
include tools/make/host.mk
include tools/make/guest.mk

all: hypervisor host guest

endif

clean:
	rm -rf build
