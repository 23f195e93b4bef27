/** How an end that is neither a success nor a failure stands in the queue's events, for waiters of jobs without history. */
const ENDS = { skipped: 'Skipped: ', cancelled: 'Cancelled: ' } as const;

export type UnfailedEnd = keyof typeof ENDS;

export function toEndText(end: UnfailedEnd, reason: string): string {
  return ENDS[end] + reason;
}

/** Undefined: a failure. A failure's own text may look alike, but where there is a record, nobody asks for this one. */
export function readEndText(text: string): { readonly end: UnfailedEnd; readonly reason: string } | undefined {
  for (const end of ['skipped', 'cancelled'] as const) {
    if (text.startsWith(ENDS[end])) return { end, reason: text.slice(ENDS[end].length) };
  }
  return undefined;
}
