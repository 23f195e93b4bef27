/** By the name of a value or a member of BullMQ: what it is, in words, and the files of the library that use it. */
export function readList(): Record<string, { readonly is: string; readonly usedBy: readonly string[] }>;
/** What it is in the installed BullMQ. */
export function shapeOf(name: string): string;
