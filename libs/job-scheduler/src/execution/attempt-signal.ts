/** An attempt's abort signal. It is made when somebody asks for it: most handlers never do, and it costs as much as the rest. */
export class AttemptSignal {
  private controller: AbortController | undefined;
  private fired: Error | undefined;

  /** Why it has fired; undefined while it has not. */
  get reason(): Error | undefined {
    return this.fired;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.fired) this.controller.abort(this.fired);
    }
    return this.controller.signal;
  }

  /** The first reason stands. */
  fire(reason: Error): void {
    if (this.fired) return;
    this.fired = reason;
    this.controller?.abort(reason);
  }

  /** @throws the reason, once it has fired. */
  check(): void {
    if (this.fired) throw this.fired;
  }
}
