/** Tells listeners once when the store is lost and once when it is back, however many connections it has. */
export class Availability {
  private readonly listeners = new Set<(available: boolean, error?: Error) => void>();
  private readonly down = new Set<string>();
  private closed = false;

  listen(listener: (available: boolean, error?: Error) => void): void {
    this.listeners.add(listener);
  }

  /** The connection of this name broke. */
  lost(connection: string, error: Error): void {
    if (this.closed) return;
    const first = this.down.size === 0;
    this.down.add(connection);
    if (first) this.tell(false, error);
  }

  /** The connection of this name works. */
  back(connection: string): void {
    if (this.down.delete(connection) && this.down.size === 0 && !this.closed) this.tell(true);
  }

  /** Nothing is told from here on: the connections are being closed. */
  close(): void {
    this.closed = true;
  }

  private tell(available: boolean, error?: Error): void {
    for (const listener of this.listeners) listener(available, error);
  }
}
