import type { JobLogLine } from '../../definition/job-log-line.js';
import { toLogLine } from '../../store/codecs/log-codec.js';
import { MOST_LOGS_READ, type LogStore } from '../../store/ports/log-store.js';

/** Lines of one execution, oldest first. */
export async function readLines(
  logs: LogStore,
  id: string,
  { after = 0, limit = MOST_LOGS_READ }: { readonly after?: number; readonly limit?: number },
): Promise<JobLogLine[]> {
  const lines: JobLogLine[] = [];
  // Ends stand among the lines, and are none.
  for (let from = after, full = true; full && lines.length < limit;) {
    const most = limit - lines.length;
    const page = await logs.ofExecution(id, from, most);
    for (const stored of page) if (stored.kind === 'line') lines.push(toLogLine(stored));
    full = page.length === most;
    from = page.at(-1)?.seq ?? from;
  }
  return lines;
}
