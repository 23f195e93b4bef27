/** `RetryOptions` with all defaults filled in. Durations are milliseconds. */
export interface RetryPolicy {
  readonly max: number;
  readonly backoff: 'exponential' | 'fixed' | ((retry: number, error: Error) => number);
  readonly delay: number;
  readonly maxDelay: number;
  readonly jitter: number;
}
