# SPDX-License-Identifier: GPL-2.0-or-later
#
# Running what was built. tools/make/suites times each suite, adds the counts up and prints the
# closing line "N passed, N failed".

SUITES := $(if $(wildcard tests/unit/*.c),unit=$(HOST_OUT)/unit-tests) \
	fuzz=$(HOST_OUT)/fuzz-replay iotool=tests/guest/selftest \
	$(if $(wildcard tests/system/run),system=tests/system/run)

.PHONY: live
test: all $(HOST_OUT)/fuzz-replay $(if $(wildcard tests/unit/*.c),$(HOST_OUT)/unit-tests)
	@tests/mutants/run --map $(HOST_OUT)/unit-tests
	@rm -f $(BUILD)/results.tsv
	@POSTERN_RESULTS=$(abspath $(BUILD)/results.tsv) tools/make/suites $(SUITES) evidence=tools/make/evidence

unit: $(HOST_OUT)/unit-tests
	@tests/mutants/run --map $<
	@tools/make/suites unit=$<

demo: all
	@tests/system/demo.py

live:
	@tests/system/run_live.py

mutants: all
	@tests/mutants/run
