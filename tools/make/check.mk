# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything about the sources that a machine can judge without running them.

check:
	+@tools/check/run

format:
	@tools/check/files c | xargs -r clang-format-19 -i
