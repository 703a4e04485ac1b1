/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: what the sensor does to them without looking at any file. */
#ifndef LACRE_PATHS_H
#define LACRE_PATHS_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Makes one absolute path without `.`, `..` and double slashes, as far as that can be told without looking. */
static void tidy(char *path)
{
	char *out = path, *in = path;

	while (*in) {
		char *end;
		size_t bytes;

		while (*in == '/')
			in++;
		if (!*in)
			break;
		end = strchrnul(in, '/');
		bytes = end - in;
		if (bytes == 1 && in[0] == '.') {
			/* nothing */
		} else if (bytes == 2 && in[0] == '.' && in[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else {
			*out++ = '/';
			memmove(out, in, bytes);
			out += bytes;
		}
		in = end;
	}
	if (out == path)
		*out++ = '/';
	*out = 0;
}

/* /proc/self is another one for us: name the process that said it. */
static void name_self(char *path, size_t size, unsigned int ns_tgid)
{
	static const char self[] = "/proc/self";
	char number[32];
	size_t bytes = sizeof(self) - 1, digits, rest;

	if (strncmp(path, self, bytes) || (path[bytes] && path[bytes] != '/'))
		return;
	rest = strlen(path + bytes) + 1;
	digits = snprintf(number, sizeof(number), "/proc/%u", ns_tgid);
	if (digits + rest > size)
		return;
	memmove(path + digits, path + bytes, rest);
	memcpy(path, number, digits);
}

/* The way back; a path that has no room for it stays as it is. */
static void unname_self(char *path, size_t size, unsigned int ns_tgid)
{
	static const char self[] = "/proc/self";
	char prefix[32];
	size_t bytes = snprintf(prefix, sizeof(prefix), "/proc/%u", ns_tgid), rest;

	if (strncmp(path, prefix, bytes) || (path[bytes] && path[bytes] != '/'))
		return;
	rest = strlen(path + bytes) + 1;
	if (sizeof(self) - 1 + rest > size)
		return;
	memmove(path + sizeof(self) - 1, path + bytes, rest);
	memcpy(path, self, sizeof(self) - 1);
}

#endif
