/* Floor 1: SYSSHIM_TRACE=audit: each way in which a file was named once, not each call.
 *
 * A file that is opened a million times in the same way, with the same outcome, has one record a process. What has been recorded is
 * remembered by 64 bits a way: two that share them would be taken for one, which among 50,000 is one chance in ten thousand million. In
 * doubt - another thread is busy here, the path cannot be read, the table was full - there is a record more. */
#ifndef SHIM_RECORD_AUDIT_H
#define SHIM_RECORD_AUDIT_H

#include "../../format/text.h"

struct process;
struct log_ticket;

/* Must its end be recorded? Called for every call of the audit, at its end; what it says of folders and descriptors is remembered. Any context. */
int audit_is_new(struct process *p, const struct text_call *call, const struct log_ticket *ticket);
/* Before a call is recorded as one that begins: what its paths are relative to is told. */
void audit_before(struct process *p, const struct text_call *call);
/* A descriptor was closed by the only thread. */
void audit_closed(uint32_t fd);
/* A reader does not know what stands behind this descriptor: its open is not recorded. */
void audit_untold(uint64_t fd);
/* Must its beginning be? */
int audit_begins(uint64_t number);

/* Memory for it, after the settings were read; wiped in forked children, which begin anew. Without it every call is recorded. */
void audit_start(void);

#endif
