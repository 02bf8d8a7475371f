# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is proven about the sources rather than tried: docs/proofs.md. PROOFS="NAME..." runs these alone.

prove:
	+@tests/proofs/run $(PROOFS)
