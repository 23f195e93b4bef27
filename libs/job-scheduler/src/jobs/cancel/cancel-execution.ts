/** Cancels executions over the fleet, for those who know no service. */
export interface CancelExecution {
  /**
   * Cancels an execution that waits, is delayed, is between two attempts, or runs in any process: there its signal fires.
   * @param reason stands in its record, and is its signal's reason.
   * @param options.giveUpAfter milliseconds after which a handler that ignores its signal is given up: its attempt ends
   * and its slot is free, while the handler may go on. Default: at its deadline.
   * @returns `true` when it was taken out of its queue, or the process that runs it has fired its signal: it may take a
   * while to end. `false` when it is not known, has ended, or nobody answers for it within two seconds.
   * @throws StoreUnavailableError
   */
  cancel(id: string, reason: string, options?: { giveUpAfter?: number }): Promise<boolean>;
}
