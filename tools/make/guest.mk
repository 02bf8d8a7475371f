# SPDX-License-Identifier: GPL-2.0-or-later
#
# What zones run: build/guest/{Image,root.cpio.gz,zone.cpio.gz}, and iotool for both sides:
#   build/guest/iotool   arm64, static, in the initrds
#   build/host/iotool    native, what the tests compute expectations with
#   build/guest/baremetal.Image   a guest without an operating system (tests/guest/baremetal)

GUEST_OUT := $(BUILD)/guest
IOTOOL_SRC := tests/guest/iotool.c tests/guest/sha256.c
IOTOOL_DEP := $(IOTOOL_SRC) $(wildcard tests/guest/*.h)
IOTOOL_CFLAGS := -std=c11 -O2 -g -D_GNU_SOURCE $(WARNINGS)

# The kernel and the initrds are made together; zone.cpio.gz stands for all of them.
guest: $(GUEST_OUT)/zone.cpio.gz $(GUEST_OUT)/baremetal.Image $(HOST_OUT)/iotool
	@:

$(GUEST_OUT)/iotool: $(IOTOOL_DEP)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(HV_TRIPLE)-gcc $(IOTOOL_CFLAGS) -static -s -o $@ $(IOTOOL_SRC)

$(HOST_OUT)/iotool: $(IOTOOL_DEP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(IOTOOL_CFLAGS) -o $@ $(IOTOOL_SRC)

$(GUEST_OUT)/zone.cpio.gz: $(GUEST_OUT)/iotool $(addprefix tools/guest/,build fetch init modules packages programs shrc)
	$(call say,GUEST,$(@D))
	$(Q)fetched=$$(tools/guest/fetch) && tools/guest/build "$$fetched" $(GUEST_OUT)/iotool $(GUEST_OUT)

# MMU off: every access is to device memory, so none may be unaligned.
BAREMETAL := tests/guest/baremetal
BAREMETAL_SRC := $(wildcard $(BAREMETAL)/*.S $(BAREMETAL)/*.c)
BAREMETAL_CFLAGS := -std=c11 -O2 -g -ffreestanding -fno-pie -mgeneral-regs-only -mstrict-align \
	-mno-outline-atomics -fno-stack-protector -fno-tree-loop-distribute-patterns $(WARNINGS)

$(GUEST_OUT)/baremetal.Image: $(BAREMETAL_SRC) $(wildcard $(BAREMETAL)/*.h) $(BAREMETAL)/baremetal.lds
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(HV_TRIPLE)-gcc $(BAREMETAL_CFLAGS) -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -T $(BAREMETAL)/baremetal.lds \
		-o $(@:.Image=.elf) $(BAREMETAL_SRC)
	$(Q)$(HV_OBJCOPY) -O binary $(@:.Image=.elf) $@

.PHONY: guest-packages
guest-packages:
	@tools/guest/fetch > /dev/null
