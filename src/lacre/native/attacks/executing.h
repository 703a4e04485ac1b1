// SPDX-License-Identifier: Apache-2.0
// Included by attacks.c: the actions of the group "executing".

#define EXECUTING_ACTIONS
