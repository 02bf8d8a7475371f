# SPDX-License-Identifier: GPL-2.0-or-later
#
# What runs on the developer's machine:
#   build/host/postern      the command (tools/postern), native, with libfdt
#   build/host/unit-tests   tests/unit + tests/models over the real engine sources, CUnit, ASan + UBSan

HOST_OUT := build/host
HOST_CC := gcc
HOST_CFLAGS := -std=c11 -O2 -g -D_GNU_SOURCE $(WARNINGS)
TEST_CFLAGS := -std=c11 -O1 -g -D_GNU_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(WARNINGS) $(CFLAGS_EXTRA)

TOOL_SRC := $(wildcard tools/postern/*.c)
# The manifest's validator is the hypervisor's own: one C file, two programs.
TOOL_SHARED_SRC := $(wildcard core/manifest*.c)
TOOL_OBJ := $(patsubst %.c,$(HOST_OUT)/tool/%.o,$(TOOL_SRC) $(TOOL_SHARED_SRC))

ENGINE_SRC := $(wildcard core/*.c pci/*.c iommu/*.c irq/*.c platforms/*/*.c)
TEST_SRC := $(wildcard tests/unit/*.c tests/models/*.c)
TEST_OBJ := $(patsubst %.c,$(HOST_OUT)/test/%.o,$(TEST_SRC) $(ENGINE_SRC))

host: $(if $(TOOL_SRC),$(HOST_OUT)/postern)

$(HOST_OUT)/tool/%.o: %.c $(HOST_OUT)/flags
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -Iinclude -Itools/postern -MMD -MP -c -o $@ $<

$(HOST_OUT)/postern: $(TOOL_OBJ)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) -o $@ $^ -lfdt

$(HOST_OUT)/test/%.o: %.c $(HOST_OUT)/flags
	$(call say,TESTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) -Iinclude -Itests/models -Itests/unit -MMD -MP -c -o $@ $<

$(HOST_OUT)/unit-tests: $(TEST_OBJ)
	$(call say,TESTLD,$@)
	$(Q)$(HOST_CC) -fsanitize=address,undefined -o $@ $^ -lcunit -lfdt

$(HOST_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HOST_CC) $(HOST_CFLAGS) $(TEST_CFLAGS)' | cmp -s - $@ || echo '$(HOST_CC) $(HOST_CFLAGS) $(TEST_CFLAGS)' > $@

.PHONY: unit-tests
unit-tests: $(HOST_OUT)/unit-tests

unit: $(HOST_OUT)/unit-tests
	$<

-include $(TOOL_OBJ:.o=.d) $(TEST_OBJ:.o=.d)
