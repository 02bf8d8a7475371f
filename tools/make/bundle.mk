# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bundles: each manifest with the kernels and initrds it names, in the one file the loader is given.
#   build/<manifest>.bundle   for every manifests/<manifest>.dts

BUNDLES := $(patsubst manifests/%.dts,$(BUILD)/%.bundle,$(wildcard manifests/*.dts))
BUNDLE_IMAGES := linux=$(GUEST_OUT)/Image root-initrd=$(GUEST_OUT)/root.cpio.gz \
	zone-initrd=$(GUEST_OUT)/zone.cpio.gz

.PHONY: bundles
bundles: $(BUNDLES)

$(BUILD)/%.bundle: manifests/%.dts $(HOST_OUT)/postern $(GUEST_OUT)/zone.cpio.gz
	$(call say,BUNDLE,$@)
	$(Q)$(HOST_OUT)/postern bundle -m $< -o $@ $(BUNDLE_IMAGES) > $@.log
