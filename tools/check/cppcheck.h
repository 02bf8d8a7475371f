/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cppcheck cannot parse by itself; read by it alone, before every source. */
#ifndef POSTERN_CHECK_CPPCHECK_H
#define POSTERN_CHECK_CPPCHECK_H

/* `register uint64_t x0 __asm__("x0")`: which register a variable lives in is no matter here. */
#define __asm__(...)

/* Loops of libraries it has no description of. */
#define fdt_for_each_subnode(node, fdt, parent)                    \
	for ((node) = fdt_first_subnode(fdt, parent); (node) >= 0; \
	     (node) = fdt_next_subnode(fdt, node))

#define fdt_for_each_property_offset(property, fdt, node)                        \
	for ((property) = fdt_first_property_offset(fdt, node); (property) >= 0; \
	     (property) = fdt_next_property_offset(fdt, property))

#endif
