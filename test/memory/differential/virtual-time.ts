/** `Date.now` by hand, in the place of the process's own until it is restored. */
export class VirtualTime {
  private readonly real = Date.now;

  constructor(private current: number) {
    Date.now = () => this.current;
  }

  advance(ms: number): number {
    return (this.current += ms);
  }

  restore(): void {
    Date.now = this.real;
  }
}
