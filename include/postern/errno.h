/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error numbers of host-side failures, returned negated. The values are Linux's so that the
 * management protocol and the host tools need no translation; the hosted build takes them from the
 * C library.
 */
#ifndef POSTERN_ERRNO_H
#define POSTERN_ERRNO_H

#if __STDC_HOSTED__
#include <errno.h>
#else
#define EPERM      1
#define ENOENT     2
#define EIO        5
#define ENXIO      6
#define E2BIG      7
#define EAGAIN     11
#define ENOMEM     12
#define EACCES     13
#define EBUSY      16
#define EEXIST     17
#define ENODEV     19
#define EINVAL     22
#define ENOSPC     28
#define ERANGE     34
#define ENOSYS     38
#define EBADMSG    74
#define EOVERFLOW  75
#define EOPNOTSUPP 95
#define EADDRINUSE 98
#define ETIMEDOUT  110
#endif

#endif
