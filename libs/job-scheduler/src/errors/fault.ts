/** One thing wrong with what a user declared. Faults are collected, so that a boot reports all of them at once. */
export interface Fault {
  /** Where: an option's path (`queues.low.weight`) or a class and method (`Mailer.sendWelcome`). */
  readonly at: string;
  /** What is wrong, with the value, and what is allowed. One sentence. */
  readonly problem: string;
}

/** `- at: problem`, one fault a line. */
export function listFaults(faults: readonly Fault[]): string {
  return faults.map((fault) => `  - ${fault.at}: ${fault.problem}`).join('\n');
}
